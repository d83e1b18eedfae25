package dev.freshet.topic;

/** Version of this build, as releases, manifests and dead letters carry it. */
public final class BuildVersion {

    private BuildVersion() {}

    /** The version in the jar's manifest; every part of a build has the same. */
    public static String current() {
        String version = BuildVersion.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}

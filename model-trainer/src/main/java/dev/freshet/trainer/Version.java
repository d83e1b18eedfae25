package dev.freshet.trainer;

/** Version of this build, as releases and dead letters carry it. */
public final class Version {

    private Version() {}

    /** The version in the jar's manifest. */
    public static String current() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}

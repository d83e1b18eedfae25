package dev.freshet.graphjob;

/** The job's name and version, as manifests and dead letters have it. */
final class JobVersion {

    private JobVersion() {}

    static String get() {
        String version = JobVersion.class.getPackage().getImplementationVersion();
        return "graph-job " + (version == null ? "unpackaged" : version);
    }
}

package dev.freshet.graphjob;

import dev.freshet.topic.BuildVersion;

/** The job's name and version, as manifests and dead letters have it. */
final class JobVersion {

    private JobVersion() {}

    static String get() {
        return "graph-job " + BuildVersion.current();
    }
}

package dev.freshet.topic;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Version of this build, as releases, manifests and dead letters carry it; every part of a build has the same. */
public final class BuildVersion {

    private static final String CURRENT = of(BuildVersion.class.getPackage().getImplementationVersion(), commit());

    private BuildVersion() {}

    /**
     * The version in the jar's manifest, and behind a plus sign the commit that was built, with {@code -dirty} where files differed from
     * it: {@code 0.1.0+1a2b3c4d5e6f-dirty}. No commit where the sources were no repository.
     */
    public static String current() {
        return CURRENT;
    }

    /** @param version null outside a jar */
    static String of(String version, Properties git) {
        String commit = git.getProperty("git.commit.id.abbrev", "");
        return (version == null ? "development" : version)
                + (commit.isEmpty() ? "" : '+' + commit)
                + (!commit.isEmpty() && Boolean.parseBoolean(git.getProperty("git.dirty")) ? "-dirty" : "");
    }

    private static Properties commit() {
        Properties git = new Properties();
        try (InputStream in = BuildVersion.class.getResourceAsStream("git.properties")) {
            if (in != null) {
                git.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return git;
    }
}

package dev.freshet.cli;

import java.nio.file.Path;

/** Where the command's own log goes; set before the first logger is asked for. */
public final class CliLog {

    private static final String PROPERTY = "freshet.log";

    private CliLog() {}

    /** Sends the log to the state folder. */
    public static void in(Path state) {
        System.setProperty(
                PROPERTY,
                state.toAbsolutePath().resolve("logs").resolve("cli.log").toString());
    }

    /** The file. */
    static Path file() {
        return Path.of(System.getProperty(
                PROPERTY,
                Path.of(System.getProperty("java.io.tmpdir"), "freshet-cli-" + System.getProperty("user.name") + ".log")
                        .toString()));
    }
}

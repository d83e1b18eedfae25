package dev.freshet.cli.command;

import dev.freshet.cli.CliLog;
import dev.freshet.process.Installation;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option that names the state folder. */
public final class StateOption {

    @Option(
            names = "--state",
            paramLabel = "DIR",
            description = "Folder with everything that the cluster keeps. Default: .freshet in the checkout")
    private Path state;

    /** The folder, absolute; the command's log goes there too. */
    public Path path() {
        Path folder = (state == null ? defaultFolder() : state).toAbsolutePath().normalize();
        CliLog.in(folder);
        return folder;
    }

    private static Path defaultFolder() {
        try {
            return Installation.find().home().resolve(".freshet");
        } catch (IllegalStateException e) {
            return Path.of(".freshet");
        }
    }
}

package dev.freshet.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Files that an option names for output. */
public final class OutputFiles {

    private OutputFiles() {}

    /** Rejects a file that could not be written after all the work; null is none. */
    public static void check(CommandSpec spec, String option, Path file) {
        if (file == null) {
            return;
        }
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder) || Files.isDirectory(file)) {
            throw new ParameterException(
                    spec.commandLine(), option + " is " + file + "; it must be a file in a folder that exists");
        }
    }
}

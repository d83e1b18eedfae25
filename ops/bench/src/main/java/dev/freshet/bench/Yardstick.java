package dev.freshet.bench;

import java.util.Locale;
import picocli.CommandLine;

/** What the main classes have in common: one line on standard error for what is wrong, and results as lines of JSON on standard output. */
final class Yardstick {

    private Yardstick() {}

    /** Runs the command and ends the JVM with its exit code: 0 done, 1 failed, 2 wrong usage. */
    static void run(Object command, String[] arguments) {
        System.exit(new CommandLine(command)
                .setParameterExceptionHandler((e, given) -> {
                    String name = e.getCommandLine().getCommandName();
                    e.getCommandLine().getErr().println(name + ": " + firstLine(e) + "; see --help");
                    return CommandLine.ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    line.getErr().println(line.getCommandName() + ": " + firstLine(e));
                    return CommandLine.ExitCode.SOFTWARE;
                })
                .execute(arguments));
    }

    private static String firstLine(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return message == null ? root.toString() : message.lines().findFirst().orElse(root.toString());
    }

    /** Prints how many events are done. */
    static void progress(long events) {
        System.out.printf(Locale.ROOT, "{\"done\": %d}%n", events);
    }
}

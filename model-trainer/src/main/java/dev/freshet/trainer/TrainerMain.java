package dev.freshet.trainer;

import dev.freshet.topic.BuildVersion;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The trainer process. */
@Command(
        name = "trainer",
        description = "Trains and evaluates models.",
        mixinStandardHelpOptions = true,
        versionProvider = TrainerMain.Versions.class,
        subcommands = {
            dev.freshet.trainer.bench.BenchCommand.class,
            EvaluateCommand.class,
            dev.freshet.trainer.loop.LoopCommand.class
        })
public final class TrainerMain implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    /** The version of this build for {@code --version}. */
    static final class Versions implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"freshet trainer " + BuildVersion.current()};
        }
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "name a command: bench, evaluate or loop; see --help");
    }

    /** Runs a command and exits: 0 done, 1 failed, 2 wrong arguments. */
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /** Runs a command. */
    static int run(String... arguments) {
        // DJL fetches nothing, and reports nothing.
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
        return new CommandLine(new TrainerMain())
                .setParameterExceptionHandler((failure, args) -> usage(failure.getCommandLine(), failure.getMessage()))
                .setExecutionExceptionHandler(TrainerMain::failed)
                .execute(arguments);
    }

    private static int usage(CommandLine command, String message) {
        command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + message);
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
        if (failure instanceof dev.freshet.dataset.DataSetException) {
            return usage(command, failure.getMessage());
        }
        String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
        command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + message);
        return CommandLine.ExitCode.SOFTWARE;
    }
}

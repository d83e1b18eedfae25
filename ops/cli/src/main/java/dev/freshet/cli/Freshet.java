package dev.freshet.cli;

import dev.freshet.cli.bench.BenchCommand;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.command.DoctorCommand;
import dev.freshet.cli.command.DownCommand;
import dev.freshet.cli.command.EvaluateCommand;
import dev.freshet.cli.command.ExplainCommand;
import dev.freshet.cli.command.ForgetCommand;
import dev.freshet.cli.command.ModelsCommand;
import dev.freshet.cli.command.PublishCommand;
import dev.freshet.cli.command.RecommendCommand;
import dev.freshet.cli.command.RollbackCommand;
import dev.freshet.cli.command.SimilarCommand;
import dev.freshet.cli.command.SnapshotCommand;
import dev.freshet.cli.command.StatusCommand;
import dev.freshet.cli.command.SuperviseCommand;
import dev.freshet.cli.command.TopicsCommand;
import dev.freshet.cli.command.TrainCommand;
import dev.freshet.cli.command.UpCommand;
import dev.freshet.cli.demo.DemoCommand;
import dev.freshet.cli.replay.ReplayCommand;
import dev.freshet.cli.send.SendCommand;
import dev.freshet.cli.verify.VerifyCommand;
import java.io.PrintWriter;
import java.util.List;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code freshet} command. */
@Command(
        name = "freshet",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        scope = ScopeType.LOCAL,
        synopsisSubcommandLabel = "COMMAND",
        description = "A streaming, incremental, multimodal recommender on Kafka.",
        footer = {"", "Exit status: 0 done, 1 failed, 2 wrong usage. Every command has --help."},
        subcommands = {
            DemoCommand.class,
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            SendCommand.class,
            RecommendCommand.class,
            SimilarCommand.class,
            ExplainCommand.class,
            ForgetCommand.class,
            SnapshotCommand.class,
            TrainCommand.class,
            ModelsCommand.class,
            RollbackCommand.class,
            EvaluateCommand.class,
            PublishCommand.class,
            VerifyCommand.class,
            ReplayCommand.class,
            BenchCommand.class,
            DoctorCommand.class,
            TopicsCommand.class,
            SuperviseCommand.class,
        })
public final class Freshet implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** The command with all its subcommands, and one line for whatever goes wrong. */
    static CommandLine commandLine() {
        return new CommandLine(new Freshet())
                .setUsageHelpAutoWidth(true)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Freshet::wrongUsage)
                .setExecutionExceptionHandler(Freshet::failed);
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    private static int wrongUsage(ParameterException e, String[] arguments) {
        CommandLine command = e.getCommandLine();
        StringBuilder line = new StringBuilder(firstLine(e));
        if (e instanceof UnmatchedArgumentException unmatched) {
            List<String> suggestions = unmatched.getSuggestions();
            if (!suggestions.isEmpty()) {
                line.append("; did you mean ").append(suggestions.get(0)).append('?');
            }
        }
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + line + "; see " + name + " --help");
        return ExitCode.USAGE;
    }

    private static int failed(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
        PrintWriter err = command.getErr();
        String name = command.getCommandSpec().qualifiedName();
        if (e instanceof CliException) {
            err.println(name + ": " + e.getMessage());
        } else if (e instanceof ClusterException cluster) {
            err.println(name + ": " + e.getMessage());
            cluster.logLines().forEach(line -> err.println("  | " + line));
        } else {
            LoggerFactory.getLogger(Freshet.class).error(name, e);
            err.println(name + ": unexpected " + e.getClass().getSimpleName() + ": " + firstLine(e) + "; the log is "
                    + CliLog.file());
        }
        err.flush();
        return ExitCode.SOFTWARE;
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
}

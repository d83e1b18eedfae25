package dev.freshet.cli.bench;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code freshet bench}: measurements of the whole system. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures the system on this machine.",
        subcommands = {
            BenchGraphCommand.class,
            BenchTrainCommand.class,
            BenchFreshnessCommand.class,
            BenchServeCommand.class,
            BenchRetrainCommand.class,
            BenchRecoveryCommand.class
        })
public final class BenchCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "name what to measure: graph, train, freshness, serve, retrain or recovery");
    }
}

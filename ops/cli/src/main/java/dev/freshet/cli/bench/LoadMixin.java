package dev.freshet.cli.bench;

import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of the measurements that put a load on a loop, at one rate after the other. */
final class LoadMixin {

    private static final int MAX_RATE = 1_000_000;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--state",
            paramLabel = "DIR",
            description =
                    "Keep the prepared loop in this folder, and start from it the next time. Default: a folder that goes"
                            + " at the end")
    private Path state;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "30",
            description = "Seconds at each rate. Default: ${DEFAULT-VALUE}")
    private int seconds;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "10",
            description = "Seconds at the first rate that are not counted. Default: ${DEFAULT-VALUE}")
    private int warmUp;

    /** Checks these options, and the rates. */
    void check(List<Integer> rates) {
        for (int rate : rates) {
            require(
                    rate >= 1 && rate <= MAX_RATE,
                    "--rates has " + rate + "; a rate is 1 to " + MAX_RATE + " a second");
        }
        require(seconds >= 1, "--seconds is " + seconds + "; it must be at least 1");
        require(warmUp >= 1, "--warm-up is " + warmUp + "; it must be at least 1");
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    /** Folder that keeps the state, or null. */
    Path state() {
        return state;
    }

    int seconds() {
        return seconds;
    }

    int warmUp() {
        return warmUp;
    }
}

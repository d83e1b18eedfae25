package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.Part;
import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** {@code freshet evaluate}: the trainer's command of that name, which knows its options. */
@Command(
        name = "evaluate",
        description = "Trains and evaluates a model on a data set: --data DIR --model NAME; see evaluate --help.")
public final class EvaluateCommand implements Callable<Integer> {

    /** What a process ends with that got SIGKILL. */
    private static final int KILLED = 128 + 9;

    @Unmatched
    private List<String> arguments = new ArrayList<>();

    @Override
    public Integer call() throws CliException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("evaluate"));
        all.addAll(arguments);
        try (JavaProcess trainer = JavaProcess.start(
                Installation.find().jars(Part.TRAINER.folder()), List.of(), Part.TRAINER.mainClass(), all, null)) {
            dev.freshet.process.Signals.onStop(trainer::terminate);
            int code = trainer.waitFor();
            if (code == KILLED) {
                throw new CliException("the trainer was killed (signal 9), as a machine does that has no memory left;"
                        + " with --resume DIR, an evaluation goes on after its last epoch");
            }
            return code;
        } catch (IOException | IllegalStateException e) {
            throw new CliException("cannot start the trainer: " + e.getMessage(), e);
        }
    }
}

package dev.freshet.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.store.Safetensors;
import dev.freshet.trainer.train.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The state of a training in a file, which is replaced as a whole after each epoch: whenever the process is stopped, that of the last
 * epoch is there.
 */
final class Checkpoint {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STATE = "state";

    private final Path file;
    private final Map<String, String> run;

    /** What of a state is not a matrix. */
    private record Progress(
            int epoch,
            int stages,
            long steps,
            int worse,
            int bestEpoch,
            Map<String, Double> best,
            int users,
            List<Double> seconds) {}

    /**
     * @param file where the state is
     * @param run what the training is of, in words by name: a state of other words is refused
     */
    Checkpoint(Path file, Map<String, String> run) {
        this.file = file;
        this.run = run;
    }

    void save(Training.State state) throws IOException {
        Progress progress = new Progress(
                state.epoch(),
                state.stages(),
                state.steps(),
                state.worse(),
                state.bestEpoch(),
                state.best().values(),
                state.best().users(),
                state.seconds());
        Map<String, String> texts = new LinkedHashMap<>(run);
        texts.put(STATE, JSON.writeValueAsString(progress));
        new Safetensors(texts, state.values(), Map.of(), Map.of()).replace(file);
    }

    /**
     * The saved state, if there is one.
     *
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if it is that of another run, in one line
     */
    Optional<Training.State> load() throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Safetensors saved = Safetensors.read(file);
        Map<String, String> texts = new LinkedHashMap<>(saved.metadata());
        String state = texts.remove(STATE);
        requireSame("--resume", file, texts, run);
        Progress progress = JSON.readValue(state, Progress.class);
        return Optional.of(new Training.State(
                progress.epoch,
                progress.stages,
                progress.steps,
                progress.worse,
                progress.bestEpoch,
                new Metrics(progress.best, progress.users),
                progress.seconds,
                saved.matrices()));
    }

    /**
     * Refuses what was saved of another run.
     *
     * @param option where the file comes from
     * @param saved what it says that it is of
     * @param run what it has to be of
     * @throws IllegalArgumentException in one line
     */
    static void requireSame(String option, Path file, Map<String, String> saved, Map<String, String> run) {
        Set<String> names = new TreeSet<>(run.keySet());
        names.addAll(saved.keySet());
        for (String name : names) {
            if (!run.getOrDefault(name, "none").equals(saved.getOrDefault(name, "none"))) {
                throw new IllegalArgumentException(option + " finds another run in " + file + ": " + name + " is "
                        + saved.getOrDefault(name, "none") + " there and " + run.getOrDefault(name, "none")
                        + " now; name another folder");
            }
        }
    }
}

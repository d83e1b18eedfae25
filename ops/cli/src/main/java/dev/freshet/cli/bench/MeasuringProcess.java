package dev.freshet.cli.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.send.Bars;
import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;

/**
 * A process that measures something, and prints lines of JSON: {@code {"done": steps, "of": all}} on the way, where it knows them all, then the result.
 *
 * @param name what it is, for people
 * @param part folder of its jars
 * @param main main class
 * @param flags further flags of its JVM
 * @param arguments of the main class
 * @param log file for its output
 */
record MeasuringProcess(String name, String part, String main, List<String> flags, List<String> arguments, Path log) {

    private static final Duration POLL = Duration.ofMillis(200);
    private static final int TAIL_LINES = 12;
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Runs it to its end behind a progress bar, and gives the last line of JSON.
     *
     * @param steps steps expected; -1 if the process tells
     * @param unit what a step is
     * @param total field of the result with the steps that there were in the end
     */
    JsonNode run(long steps, String unit, String total) throws IOException, ClusterException, InterruptedException {
        try (JavaProcess process = JavaProcess.start(Installation.find().jars(part), flags, main, arguments, log);
                ProgressBar bar = Bars.open(name, steps, unit)) {
            while (!process.waitFor(POLL)) {
                lastJson(process).ifPresent(line -> {
                    bar.maxHint(line.path("of").asLong(bar.getMax()));
                    bar.stepTo(line.path("done").asLong(bar.getCurrent()));
                });
            }
            Optional<JsonNode> result = lastJson(process);
            if (process.waitFor() != 0 || result.isEmpty()) {
                throw new ClusterException(
                        "the " + name.toLowerCase(Locale.ROOT) + " ended with exit code " + process.waitFor(),
                        process.tail(TAIL_LINES));
            }
            long done = result.get().path(total).asLong(bar.getMax());
            bar.maxHint(done);
            bar.stepTo(done);
            return result.get();
        }
    }

    private static Optional<JsonNode> lastJson(JavaProcess process) {
        List<String> lines = process.tail(100);
        for (int l = lines.size() - 1; l >= 0; l--) {
            if (lines.get(l).startsWith("{") && lines.get(l).endsWith("}")) {
                try {
                    return Optional.of(JSON.readTree(lines.get(l)));
                } catch (JsonProcessingException e) {
                    // A line of the log that looks like it.
                }
            }
        }
        return Optional.empty();
    }
}

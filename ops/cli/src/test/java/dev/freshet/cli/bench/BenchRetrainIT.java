package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("benchmark")
class BenchRetrainIT {

    /** So few that the gate leaves the decision to chance. */
    private static final int USERS = 25;

    private static final int ITEMS = 60;
    private static final int EVENTS = 12 * USERS;
    private static final int NEW = 50;

    @TempDir
    private Path folder;

    @Test
    void measuresEachPhaseOfARetraining() throws Exception {
        Path data = BenchRun.writeEvents(folder, USERS, ITEMS, EVENTS, 9);

        BenchRun run = BenchRun.of(
                folder.resolve("result.json"),
                "retrain",
                "--data",
                data.toString(),
                "--model",
                "mf-bpr",
                "--training-time",
                "4s",
                "--new",
                Integer.toString(NEW));

        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("snapshot", "publishing", "scoring", "in all");
        JsonNode result = run.result();
        assertThat(result.path("users").asInt()).isEqualTo(USERS);
        assertThat(result.path("events").asInt()).isEqualTo(EVENTS);
        assertThat(result.path("new_events").asInt()).isEqualTo(NEW);
        assertThat(result.path("epochs").asInt()).isPositive();
        double sum = 0;
        for (JsonNode seconds : result.path("phases")) {
            assertThat(seconds.asDouble()).isNotNegative();
            sum += seconds.asDouble();
        }
        assertThat(result.path("phases")).hasSize(RetrainBench.Phase.values().length);
        assertThat(result.path("seconds").asDouble()).isPositive().isCloseTo(sum, within(1e-6));
    }
}

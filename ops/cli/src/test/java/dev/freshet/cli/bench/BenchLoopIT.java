package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both measurements of the loop, the second from the state that the first has prepared. */
@Tag("benchmark")
class BenchLoopIT {

    private static final int USERS = 25;
    private static final int ITEMS = 40;

    @TempDir
    private Path folder;

    @Test
    void measuresHowSoonAnInteractionShowsAndHowFastServingAnswers() throws Exception {
        BenchRun.writeEvents(folder, USERS, ITEMS, 12 * USERS, 7);

        BenchRun first = run("freshness", "--rates", "20,40", "--seconds", "3");
        assertThat(first.out()).contains("recommendations", "neighbors", "p99 ms");
        JsonNode freshness = first.result();
        assertThat(freshness.path("users").asInt()).isEqualTo(USERS);
        assertThat(freshness.path("runs")).hasSize(2);
        for (JsonNode run : freshness.path("runs")) {
            assertThat(run.path("events").asInt())
                    .isEqualTo(3 * run.path("events_per_s").asInt());
            for (JsonNode latencies : List.of(run, run.path("neighbors"))) {
                assertThat(latencies.path("samples").asInt())
                        .isEqualTo(run.path("events").asInt());
                assertThat(latencies.path("p50_ms").asDouble()).isPositive();
                assertThat(latencies.path("max_ms").asDouble())
                        .isGreaterThanOrEqualTo(latencies.path("p99_ms").asDouble());
            }
        }

        BenchRun second = run("serve", "--rates", "50", "--seconds", "2");
        assertThat(second.out()).contains("answered/s", "sustained");
        JsonNode serve = second.result();
        assertThat(serve.path("model")).isEqualTo(freshness.path("model"));
        assertThat(serve.path("asked_per_s").asInt()).isEqualTo(50);
        assertThat(serve.path("requests_per_s").asDouble()).isGreaterThan(0).isLessThanOrEqualTo(50);
        assertThat(serve.path("requests").asInt()).isEqualTo(100);
        assertThat(serve.path("errors").asInt()).isZero();
        assertThat(serve.path("p99_ms").asDouble()).isPositive();
        assertThat(serve.path("runs")).hasSize(1);
    }

    private BenchRun run(String what, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(
                what,
                "--data",
                folder.resolve("shop.csv").toString(),
                "--state",
                folder.resolve("state").toString(),
                "--model",
                "mf-bpr",
                "--training-time",
                "5s",
                "--warm-up",
                "1"));
        arguments.addAll(List.of(more));
        BenchRun run = BenchRun.of(folder.resolve(what + ".json"), arguments.toArray(String[]::new));
        assertThat(run.code()).isZero();
        return run;
    }
}

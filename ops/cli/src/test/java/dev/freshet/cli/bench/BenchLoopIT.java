package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Both measurements of the loop, the second from the state that the first has prepared. */
class BenchLoopIT {

    private static final int USERS = 25;
    private static final int ITEMS = 40;

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();

    @Test
    void measuresHowSoonAnInteractionShowsAndHowFastServingAnswers() throws Exception {
        writeEvents();

        JsonNode freshness = run("freshness", "--rates", "20,40", "--seconds", "3");
        assertThat(out.toString()).contains("recommendations", "neighbors", "p99 ms");
        assertThat(freshness.path("users").asInt()).isEqualTo(USERS);
        assertThat(freshness.path("rates")).hasSize(2);
        for (JsonNode rate : freshness.path("rates")) {
            assertThat(rate.path("events").asInt())
                    .isEqualTo(3 * rate.path("rate").asInt());
            for (String topic : List.of("recommendations", "neighbors")) {
                JsonNode latencies = rate.path(topic);
                assertThat(latencies.path("read").asInt())
                        .as(topic)
                        .isEqualTo(rate.path("events").asInt());
                assertThat(latencies.path("p50_ms").asDouble()).as(topic).isPositive();
                assertThat(latencies.path("max_ms").asDouble())
                        .as(topic)
                        .isGreaterThanOrEqualTo(latencies.path("p99_ms").asDouble());
            }
        }

        JsonNode serve = run("serve", "--rates", "50", "--seconds", "2");
        assertThat(serve.path("model")).isEqualTo(freshness.path("model"));
        JsonNode at = serve.path("rates").path(0);
        assertThat(at.path("requests").asInt()).isEqualTo(100);
        assertThat(at.path("errors").asInt()).isZero();
        assertThat(at.path("p99_ms").asDouble()).isPositive();
        assertThat(out.toString()).contains("answers/s", "sustained");
    }

    private JsonNode run(String what, String... more) throws Exception {
        Path json = folder.resolve(what + ".json");
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
                "1",
                "--json",
                json.toString()));
        arguments.addAll(List.of(more));
        assertThat(new CommandLine(new BenchCommand())
                        .setOut(new PrintWriter(out, true))
                        .execute(arguments.toArray(String[]::new)))
                .isZero();
        return new ObjectMapper().readTree(json.toFile());
    }

    private void writeEvents() throws Exception {
        Random random = new Random(7);
        StringBuilder csv = new StringBuilder("timestamp,user,item,action\n");
        for (int event = 0; event < 12 * USERS; event++) {
            csv.append(1_700_000_000_000L + event * 1_000L)
                    .append(",u")
                    .append(event % USERS)
                    .append(",i")
                    .append(random.nextInt(ITEMS))
                    .append(",purchase\n");
        }
        Files.writeString(folder.resolve("shop.csv"), csv);
    }
}

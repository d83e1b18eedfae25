package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.bench.GraphBenchResult.Job;
import dev.freshet.cli.bench.GraphBenchResult.Point;
import dev.freshet.cli.bench.GraphBenchResult.Run;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class GraphBenchResultTest {

    private static final GraphBenchResult RESULT = new GraphBenchResult(
            "shop",
            new HostMachine(2, 24L << 30, 1.25, "17.0.15"),
            1,
            90_000,
            4_000_000,
            new Run(20_000, 6_000_000, 20),
            new Run(100_000, 30_000_000, 10),
            new Run(100_000, 30_000_000, 2.5),
            new Job(4.5, 12.75, 0.75, 3, 10_000_000, 1L << 30, 512L << 20),
            List.of(
                    new Point(40_000, 4, 5, 1 << 20, 1 << 20, 0.5),
                    new Point(100_000, 10, 14, 3 << 20, 2 << 20, 0.25)));

    @Test
    void jsonHasEveryFigureByName() {
        ObjectNode json = RESULT.toJson();
        assertThat(json.path("data").asText()).isEqualTo("shop");
        assertThat(json.path("events").asLong()).isEqualTo(100_000);
        assertThat(json.path("seconds").asDouble()).isEqualTo(10);
        assertThat(json.path("events_per_s").asDouble()).isEqualTo(10_000);
        assertThat(json.path("pair_updates_per_s").asDouble()).isEqualTo(3_000_000);
        assertThat(json.path("naive_pair_updates_per_s").asDouble()).isEqualTo(300_000);
        assertThat(json.path("limit_pair_updates_per_s").asDouble()).isEqualTo(12_000_000);
        assertThat(json.path("state_bytes_per_pair").asDouble()).isEqualTo(2.5);
        assertThat(json.path("snapshot_seconds").asDouble()).isEqualTo(0.75);
        assertThat(json.path("heap_max_bytes").asLong()).isEqualTo(1L << 30);
        assertThat(json.path("heap_peak_bytes").asLong()).isEqualTo(512L << 20);
        assertThat(json.path("cpu_seconds").asDouble()).isEqualTo(12.75);
        assertThat(json.path("naive_events").asLong()).isEqualTo(20_000);
    }

    @Test
    void tableShowsNaiveOursAndLimitWithRatios() {
        StringWriter text = new StringWriter();
        RESULT.print(new PrintWriter(text, true));
        assertThat(text.toString().lines())
                .containsExactly(
                        "shop: 100,000 events, 90,000 live interactions, 30,000,000 pair updates, 4,000,000 distinct"
                                + " pairs (items and users, both directions)",
                        "2 cores, 24 GiB, load 1.3, Java 17.0.15; parallelism 1",
                        "",
                        "                  naive       ours       limit  ours : naive  ours : limit",
                        "events           20,000    100,000     100,000",
                        "seconds           20.00      10.00        2.50",
                        "events/s          1,000     10,000      40,000         10.00         0.250",
                        "pair updates/s  300,000  3,000,000  12,000,000         10.00         0.250",
                        "",
                        "ours: start 4.5 s, CPU 12.8 s, last snapshot 0.75 s (of 3), state 9.5 MiB = 2.50 bytes per pair,"
                                + " heap 0.50 of 1.00 GiB",
                        "",
                        "events so far  events/s since  CPU µs/event since  state MiB  state bytes/event  checkpoint MiB"
                                + "  checkpoint s",
                        "       40,000          10,000               125.0        1.0               26.2             1.0"
                                + "          0.50",
                        "      100,000          10,000               150.0        3.0               31.5             2.0"
                                + "          0.25");
    }
}

package dev.freshet.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.PartStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DashboardTest {

    private final Dashboard dashboard = new Dashboard("http://127.0.0.1:18080", Instant.now());

    @Test
    void showsAnEmptyLoop() {
        LoopView view = new LoopView(
                0, 0, 0, 0, 0, 0, null, Optional.empty(), Optional.empty(), Optional.empty(), null, null, List.of());

        assertThat(dashboard.screen(parts(), "storefront", 0, view))
                .anyMatch(line -> line.contains("page http://127.0.0.1:18080"))
                .anyMatch(line -> line.contains("broker ready (1.3 s)"))
                .anyMatch(line -> line.contains("no snapshot yet"))
                .anyMatch(line -> line.contains("none yet"));
        assertThat(dashboard.line(view)).contains("in 0/s (0)", "no snapshot yet", "dead letters 0");
    }

    @Test
    void showsEveryStageOfTheLoop() {
        LoopView view = new LoopView(
                51.2,
                12_345,
                678,
                49.6,
                11_111,
                2,
                "items: bad vector",
                Optional.of(new LoopView.Snapshot(
                        "snapshot-000000000007",
                        Instant.now(),
                        Map.of(
                                "users",
                                2_000L,
                                "items",
                                678L,
                                "item-jaccard.edges",
                                3_000L,
                                "user-jaccard.edges",
                                4_000L),
                        7)),
                Optional.of(new LoopView.Training("spumr", 10, 40, Map.of("recall@20", 0.125), false, null)),
                Optional.of(new LoopView.Release(
                        "spumr", "20261121T080000Z-spumr", Instant.now(), Map.of("recall@20", 0.5), 1)),
                Duration.ofSeconds(12),
                Duration.ofSeconds(48),
                List.of(new LoopView.Shopper("u1", List.of("click Lamp"), List.of("Shade", "Bulb"), "v1")));

        String screen = String.join("\n", dashboard.screen(parts(), "storefront", 3L << 30, view));

        assertThat(screen)
                .contains("51/s   12,345 interactions   678 items   dead letters 2")
                .contains("2,000 users  678 items  7,000 edges")
                .contains("spumr " + Dashboard.bar(0.25) + " 10/40 epochs  recall@20 0.1250")
                .contains("20261121T080000Z-spumr  recall@20 0.5000")
                .contains("50/s   11,111 recommendations   first after 12 s, of a model after 48 s")
                .contains("refused  items: bad vector")
                .contains("u1  did  click Lamp")
                .contains("gets Shade · Bulb")
                .contains("memory 3.0 GiB");
    }

    @Test
    void drawsBars() {
        assertThat(Dashboard.bar(0)).doesNotContain("█");
        assertThat(Dashboard.bar(1)).doesNotContain("░");
        assertThat(Dashboard.bar(0.5).codePoints().filter(c -> c == '█').count())
                .isEqualTo(15);
    }

    private static Map<Part, PartStatus> parts() {
        Map<Part, PartStatus> parts = new EnumMap<>(Part.class);
        parts.put(Part.BROKER, new PartStatus(PartStatus.State.READY, 1, 0, 1_300, null));
        return parts;
    }
}

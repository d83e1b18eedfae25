package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("benchmark")
class BenchGraphIT {

    private static final int USERS = 40;
    private static final int ITEMS = 30;
    private static final int EVENTS = 600;

    @TempDir
    private Path folder;

    @Test
    void measuresTheNaiveJobTheGraphJobAndTheLimit() throws Exception {
        boolean[][] live = new boolean[USERS][ITEMS];
        long updates = writeEvents(live);

        BenchRun run = BenchRun.of(
                folder.resolve("result.json"),
                "graph",
                "--data",
                folder.resolve("shop.csv").toString(),
                "--checkpoint-interval",
                "1s");

        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("naive", "ours", "limit", "pair updates/s");
        JsonNode result = run.result();
        assertThat(result.path("events").asLong()).isEqualTo(EVENTS);
        assertThat(result.path("pair_updates").asLong()).isEqualTo(updates);
        assertThat(result.path("interactions").asLong()).isEqualTo(count(live));
        assertThat(result.path("distinct_pairs").asLong())
                .isEqualTo(distinctPairs(live) + distinctPairs(transpose(live)));
        assertThat(result.path("naive_events").asLong()).isEqualTo(EVENTS);
        for (String positive : new String[] {
            "seconds",
            "events_per_s",
            "pair_updates_per_s",
            "naive_pair_updates_per_s",
            "limit_pair_updates_per_s",
            "state_bytes_per_pair",
            "snapshot_seconds",
            "heap_max_bytes"
        }) {
            assertThat(result.path(positive).asDouble()).as(positive).isPositive();
        }
    }

    /** Writes events, some of which take a pair back, and returns how many ordered pairs change their count, event by event. */
    private long writeEvents(boolean[][] live) throws Exception {
        Random random = new Random(7);
        StringBuilder csv = new StringBuilder("timestamp,user,item,action\n");
        long updates = 0;
        for (int e = 0; e < EVENTS; e++) {
            int user = random.nextInt(USERS);
            int item = random.nextInt(ITEMS);
            boolean add = random.nextInt(10) > 0;
            csv.append(1_500_000_000_000L + e * 1_000L)
                    .append(",u")
                    .append(user)
                    .append(",i")
                    .append(item)
                    .append(add ? ",purchase\n" : ",cancel\n");
            if (live[user][item] != add) {
                live[user][item] = add;
                for (int i = 0; i < ITEMS; i++) {
                    updates += i != item && live[user][i] ? 2 : 0;
                }
                for (int u = 0; u < USERS; u++) {
                    updates += u != user && live[u][item] ? 2 : 0;
                }
            }
        }
        Files.writeString(folder.resolve("shop.csv"), csv);
        return updates;
    }

    private static long count(boolean[][] live) {
        long count = 0;
        for (boolean[] row : live) {
            for (boolean cell : row) {
                count += cell ? 1 : 0;
            }
        }
        return count;
    }

    /** Ordered pairs of rows with a column in common. */
    private static long distinctPairs(boolean[][] sets) {
        long pairs = 0;
        for (int a = 0; a < sets.length; a++) {
            for (int b = 0; b < sets.length; b++) {
                boolean common = false;
                for (int c = 0; c < sets[a].length; c++) {
                    common |= a != b && sets[a][c] && sets[b][c];
                }
                pairs += common ? 1 : 0;
            }
        }
        return pairs;
    }

    private static boolean[][] transpose(boolean[][] matrix) {
        boolean[][] turned = new boolean[matrix[0].length][matrix.length];
        for (int row = 0; row < matrix.length; row++) {
            for (int column = 0; column < turned.length; column++) {
                turned[column][row] = matrix[row][column];
            }
        }
        return turned;
    }
}

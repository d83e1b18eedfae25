package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every part of a loop is killed under traffic, the trainer in each phase of a training. */
@Tag("benchmark")
class BenchRecoveryIT {

    /** So few that the gate leaves the decision to chance. */
    private static final int USERS = 25;

    private static final int ITEMS = 400;
    private static final int TRAFFIC = 2_000;

    @TempDir
    private Path folder;

    @Test
    void theLoopGoesOnAndNothingIsLostStaleMixedOrHalfPublished() throws Exception {
        Path data = BenchRun.writeEvents(folder, USERS, ITEMS, 12 * USERS + TRAFFIC, 8);

        BenchRun run = BenchRun.of(
                folder.resolve("result.json"),
                "recovery",
                "--data",
                data.toString(),
                "--model",
                "mf-bpr",
                "--training-time",
                "4s",
                "--times",
                "1",
                "--rate",
                "20",
                "--held",
                Integer.toString(TRAFFIC));
        System.out.print(run.out());

        assertThat(run.out()).endsWith(System.lineSeparator() + "SOUND" + System.lineSeparator());
        assertThat(run.code()).isZero();
        JsonNode result = run.result();
        assertThat(result.path("kills")).hasSize(9).allSatisfy(kill -> {
            assertThat(kill.path("times").asInt()).isEqualTo(1);
            assertThat(kill.path("in_phase").asInt())
                    .as(kill.path("killed").asText())
                    .isEqualTo(1);
            assertThat(kill.path("ready_p50_s").asDouble()).isPositive();
            assertThat(kill.path("fresh_max_s").asDouble()).isPositive();
        });
        // The job runs before its first checkpoint, with which its lists come; meanwhile, serving is late with nothing.
        JsonNode job = result.path("kills").path(1);
        assertThat(job.path("killed").asText()).isEqualTo("graph-job");
        assertThat(job.path("ready_p50_s").asDouble())
                .isLessThan(job.path("fresh_p50_s").asDouble());
        JsonNode end = result.path("end");
        assertThat(end.path("violations")).isEmpty();
        assertThat(end.path("acknowledged").asInt()).isGreaterThan(200);
        assertThat(end.path("lists").asInt())
                .isGreaterThan(end.path("acknowledged").asInt());
        assertThat(end.path("proven").asInt()).isPositive();
        // The first, and one for every training that was asked for: each was done in the end.
        assertThat(end.path("releases").asInt()).isGreaterThanOrEqualTo(7);
    }
}

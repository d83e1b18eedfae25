package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchTrainIT {

    @TempDir
    private Path folder;

    @Test
    void measuresModelsAndPyTorchWhereThereIsOne() throws Exception {
        StringBuilder rows = new StringBuilder("userID\titemID\tx_label\n");
        for (int user = 0; user < 60; user++) {
            for (int n = 0; n < 6; n++) {
                rows.append(user)
                        .append('\t')
                        .append((user + 7 * n) % 50)
                        .append('\t')
                        .append(n < 4 ? 0 : n - 3)
                        .append('\n');
            }
        }
        Path data = Files.createDirectory(folder.resolve("shop"));
        Files.writeString(data.resolve("shop.inter"), rows);

        BenchRun run = BenchRun.of(
                folder.resolve("result.json"),
                "train",
                "--data",
                data.toString(),
                "--models",
                "lightgcn,mf-bpr",
                "--epochs",
                "5");

        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("lightgcn", "mf-bpr", "full ranking of all users", "plain PyTorch");
        JsonNode result = run.result();
        for (String model : new String[] {"lightgcn", "mf-bpr"}) {
            JsonNode timing = result.path("models").path(model);
            assertThat(timing.path("seconds_per_epoch").asDouble()).as(model).isPositive();
            assertThat(timing.path("runs").asInt()).as(model).isEqualTo(5);
        }
        assertThat(result.path("full_ranking_seconds").asDouble()).isPositive();
        JsonNode pytorch = result.path("pytorch_lightgcn_seconds_per_epoch");
        assertThat(pytorch.isNull() || pytorch.asDouble() > 0).isTrue();
        assertThat(result.has("pytorch_lightgcn_seconds_per_epoch")).isTrue();
    }
}

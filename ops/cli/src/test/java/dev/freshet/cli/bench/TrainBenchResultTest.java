package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TrainBenchResultTest {

    private static final String TRAINER =
            """
            {"data": "shop", "threads": 2, "device": "cpu()", "full_ranking_seconds": 0.125,
             "propagation": {"simd_seconds": 0.001, "torch_seconds": 0.004, "difference": 1e-6},
             "models": {"lightgcn": {"seconds_per_epoch": 0.5, "cpu_seconds_per_epoch": 0.75, "runs": 5, "preset": "paper",
               "batch": 2048, "resident_bytes_first": 1048576, "resident_bytes_last": 2097152,
               "native_bytes_first": 0, "native_bytes_last": 0}}}
            """;

    private static TrainBenchResult result(String pytorch) throws Exception {
        ObjectMapper json = new ObjectMapper();
        return new TrainBenchResult(
                new HostMachine(2, 24L << 30, 1.25, "17"), json.readTree(TRAINER), json.readTree(pytorch));
    }

    private static String printed(TrainBenchResult result) {
        StringWriter text = new StringWriter();
        result.print(new PrintWriter(text));
        return text.toString();
    }

    @Test
    void tableHasTheModelsAndTheRatio() throws Exception {
        TrainBenchResult result = result("{\"version\": \"1.13\", \"seconds\": [3, 1, 2, 9]}");
        assertThat(printed(result).lines())
                .containsExactly(
                        "shop; 2 threads, cpu(); 2 cores, 24 GiB, load 1.3, Java 17",
                        "",
                        "model     preset  batch  s/epoch  CPU s/epoch  epochs  resident MiB  native MiB",
                        "lightgcn  paper    2048     0.50         0.75       5         1 → 2       0 → 0",
                        "",
                        "sparse product: SIMD 1.00 ms, torch 4.00 ms, 4.0 : 1, largest difference 1.0e-06",
                        "full ranking of all users: 0.125 s",
                        "LightGCN in plain PyTorch 1.13: 2.50 s/epoch, ours is 5.0 times as fast");
        JsonNode json = result.toJson();
        assertThat(json.path("pytorch_lightgcn_seconds_per_epoch").asDouble()).isEqualTo(2.5);
        assertThat(json.path("models")
                        .path("lightgcn")
                        .path("seconds_per_epoch")
                        .asDouble())
                .isEqualTo(.5);
    }

    @Test
    void pytorchIsNullWhereItIsAbsent() throws Exception {
        TrainBenchResult result = result("{\"absent\": true}");
        assertThat(printed(result)).contains("not measured");
        assertThat(result.toJson().get("pytorch_lightgcn_seconds_per_epoch").isNull())
                .isTrue();
    }
}

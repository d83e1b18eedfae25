package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.trainer.data.Interactions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainerMainTest {

    @TempDir
    private Path folder;

    private record Result(int code, String out, String err) {}

    private static Result run(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
        try {
            return new Result(
                    TrainerMain.run(arguments),
                    outBytes.toString(StandardCharsets.UTF_8),
                    errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "|name a command",
                "train|Unmatched argument",
                "evaluate|Missing required option: '--data=DIR'",
                "evaluate --data nowhere|nowhere: no such folder",
                "evaluate --data . --model x|no model x; the models are bm3, da-mrs,",
                "evaluate --data . --preset x|no preset x of spumr; the presets are",
                "evaluate --data . --set a=b|no setting a; the settings are",
                "evaluate --data . --epochs 0|setting epochs is 0; it must be a whole number from 1 up",
                "evaluate --data . --json nowhere/file.json|--json is nowhere/file.json; it must be a file in a folder that",
                "evaluate --data . --threads 0|--threads is 0; it must be at least 1",
                "bench|Missing required option: '--data=DIR'",
                "bench --data nowhere|nowhere: no such folder",
                "bench --data . --models x|no model x; the models are bm3, da-mrs,",
                "bench --data . --epochs 0|--epochs is 0; it must be at least 1",
                "bench --data . --warm-up -1|--warm-up is -1; it must be at least 0",
                "bench --data . --threads 0|--threads is 0; it must be at least 1",
                "loop --models m --bootstrap nowhere|--bootstrap is 'nowhere'; it must be HOST:PORT",
                "loop --models m --bootstrap a:1 --min-interval soon|'soon' is no time; write 500ms, 30s, 5m or 2h",
                "loop --models m --bootstrap a:1 --model x|no model x; the models are bm3, da-mrs,",
                "loop --models m --bootstrap a:1 --set a=b|no setting a; the settings are",
                "loop --models m --bootstrap a:1 --keep 0|--keep is 0; it must be at least 1",
            })
    void aWrongArgumentIsOneLine(String arguments, String message) {
        Result result = run(arguments == null ? new String[0] : arguments.split(" "));
        assertThat(result.code).isEqualTo(2);
        assertThat(result.err).contains(message);
        assertThat(result.err.strip().lines().filter(line -> !line.contains("incubator")))
                .hasSize(1);
    }

    @Test
    void benchPrintsProgressThenTheResult() throws IOException {
        Result result = run(
                "bench",
                "--data",
                thirds().toString(),
                "--models",
                "lightgcn,mf-bpr",
                "--warm-up",
                "1",
                "--epochs",
                "2");
        assertThat(result.code).as(result.err).isZero();
        List<String> lines = result.out.strip().lines().toList();
        assertThat(lines).hasSize(7).contains("{\"done\":6,\"of\":6}");
        JsonNode node = new ObjectMapper().readTree(lines.get(6));
        for (String model : List.of("lightgcn", "mf-bpr")) {
            JsonNode timing = node.path("models").path(model);
            assertThat(timing.path("seconds_per_epoch").asDouble()).isPositive();
            assertThat(timing.path("runs").asInt()).isEqualTo(2);
            assertThat(timing.path("seconds")).hasSize(2);
            assertThat(timing.has("native_bytes_last")).isTrue();
        }
        assertThat(node.path("full_ranking_seconds").asDouble()).isPositive();
        assertThat(node.path("propagation").path("difference").asDouble()).isLessThan(1e-5);
        assertThat(node.path("propagation").path("torch_seconds").asDouble()).isPositive();
    }

    @Test
    void evaluatesADataSet() throws IOException {
        Path data = thirds();
        Path json = folder.resolve("result.json");
        Result result = run(
                "evaluate",
                "--data",
                data.toString(),
                "--model",
                "lightgcn",
                "--preset",
                "live",
                "--seed",
                "3",
                "--json",
                json.toString());
        assertThat(result.code).as(result.err).isZero();
        assertThat(result.out).contains("recall@20").contains("ndcg@50");
        JsonNode node = new ObjectMapper().readTree(json.toFile());
        assertThat(node.path("data").asText()).isEqualTo("thirds");
        assertThat(node.path("model").asText()).isEqualTo("lightgcn");
        assertThat(node.path("preset").asText()).isEqualTo("live");
        // Every user's items are of one third: whoever sees it finds nearly all among the first twenty.
        assertThat(node.path("metrics").path("recall@20").asDouble()).isGreaterThan(.9);
        assertThat(node.path("settings").path("dimension").asText()).isEqualTo("64");
    }

    /** Every user's items are of one third. */
    private Path thirds() throws IOException {
        Random random = new Random(1);
        StringBuilder rows = new StringBuilder("userID\titemID\n");
        for (int user = 0; user < 60; user++) {
            for (int item = user % 3; item < 60; item += 3) {
                if (random.nextInt(3) > 0) {
                    rows.append(user).append('\t').append(item).append('\n');
                }
            }
        }
        Path data = Files.createDirectory(folder.resolve("thirds"));
        Files.writeString(data.resolve("thirds.inter"), rows);
        return data;
    }

    @Test
    void readsAmazonBaby() throws IOException {
        Path baby = Path.of(System.getProperty("freshet.home", "..")).resolve("../shared/data/amazon-baby");
        assumeTrue(Files.isDirectory(baby), "needs the data set amazon-baby, which is not at " + baby);
        ProtocolData data = ProtocolData.of(MmrecDataSet.open(baby), false, 1, 1);
        Interactions train = data.training().train();
        assertThat(train.users()).isEqualTo(19_445);
        assertThat(train.items()).isEqualTo(7_050);
        assertThat(train.size()).isEqualTo(118_551);
        assertThat(data.valid().size()).isEqualTo(20_559);
        assertThat(data.test().size()).isEqualTo(21_682);
        assertThat(Arrays.stream(train.itemDegrees()).filter(degree -> degree > 0))
                .hasSize(7_047);
        assertThat(java.util.stream.IntStream.range(0, train.users())
                        .allMatch(user ->
                                data.valid().degree(user) > 0 && data.test().degree(user) > 0))
                .isTrue();
    }
}

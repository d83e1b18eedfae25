package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.dataset.FloatMatrix;
import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.dataset.NpyFile;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.model.Settings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
                "evaluate --data . --seeds 0|--seeds is 0; it must be at least 1",
                "evaluate --data . --seeds x|Invalid value for option '--seeds'",
                "evaluate --data . --split when|Invalid value for option '--split'",
                "evaluate --data . --noise image|should be in KEY=VALUE format but was image",
                "evaluate --data . --load nowhere|--load is nowhere; it must be a folder that --save was given",
                "evaluate --data . --load . --save x|--load trains nothing; leave out --save",
                "evaluate --data . --save pom.xml|--save is pom.xml; it must be a folder, or one that can be made",
                "bench|Missing required option: '--data=DIR'",
                "bench --data nowhere|nowhere: no such folder",
                "bench --data . --models x|no model x; the models are bm3, da-mrs,",
                "bench --data . --epochs 0|--epochs is 0; it must be at least 1",
                "bench --data . --warm-up -1|--warm-up is -1; it must be at least 0",
                "bench --data . --threads 0|--threads is 0; it must be at least 1",
                "loop --models m --bootstrap nowhere|--bootstrap is 'nowhere'; it must be HOST:PORT",
                "loop --models m --bootstrap a:1 --min-interval soon|'soon' is no time; write 500ms, 30s, 5m or 2h",
                "loop --models m --bootstrap a:1 --max-age old|'old' is no time; write 500ms, 30s, 5m or 2h",
                "loop --models m --bootstrap a:1 --model x|no model x; the models are bm3, da-mrs,",
                "loop --models m --bootstrap a:1 --set a=b|no setting a; the settings are",
                "loop --models m --bootstrap a:1 --metrics 9404|'9404' is no address of this machine; write HOST:PORT",
                "loop --models m --bootstrap a:1 --metrics 127.0.0.1:99999|'127.0.0.1:99999' is no address",
                "loop --models m --bootstrap a:1 --keep 0|--keep is 0; it must be at least 1",
            })
    void aWrongArgumentIsOneLine(String arguments, String message) {
        Result result = run(arguments == null ? new String[0] : arguments.split(" "));
        assertThat(result.code).isEqualTo(2);
        assertThat(result.err).contains(message);
        assertThat(result.err.strip().lines().filter(line -> !line.contains("incubator")))
                .hasSize(1);
    }

    /** Users take to items of one of three thirds, which the one modality tells apart; later rows are of later times. */
    private Path thirds() throws IOException {
        Random random = new Random(1);
        StringBuilder rows = new StringBuilder("userID\titemID\ttimestamp\n");
        int time = 1_700_000_000;
        for (int user = 0; user < 60; user++) {
            for (int item = user % 3; item < 60; item += 3) {
                if (random.nextInt(3) > 0) {
                    rows.append(user).append('\t').append(item).append('\t').append(time - random.nextInt(100_000));
                    rows.append('\n');
                }
            }
        }
        Path data = Files.createDirectory(folder.resolve("thirds"));
        Files.writeString(data.resolve("thirds.inter"), rows);
        float[] features = new float[60 * 3];
        int[] neighbors = new int[60 * 2];
        float[] cosines = new float[60 * 2];
        for (int item = 0; item < 60; item++) {
            features[item * 3 + item % 3] = 1;
            neighbors[2 * item] = item;
            neighbors[2 * item + 1] = (item + 3) % 60;
            cosines[2 * item] = 1;
            cosines[2 * item + 1] = 1;
        }
        npy(data.resolve("text_feat.npy"), "<f4", 3, features, null);
        npy(data.resolve("text_knn2_neighbors.npy"), "<i4", 2, null, neighbors);
        npy(data.resolve("text_knn2_cosine.npy"), "<f4", 2, cosines, null);
        return data;
    }

    private static void npy(Path file, String type, int columns, float[] floats, int[] ints) throws IOException {
        int count = floats == null ? ints.length : floats.length;
        String header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + count / columns + ", "
                + columns + "), }";
        header = header + " ".repeat(117 - header.length()) + "\n";
        ByteBuffer bytes = ByteBuffer.allocate(10 + header.length() + 4 * count).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) 0x93)
                .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0);
        bytes.putShort((short) header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
        for (int at = 0; at < count; at++) {
            bytes.putInt(floats == null ? ints[at] : Float.floatToIntBits(floats[at]));
        }
        Files.write(file, bytes.array());
    }

    private JsonNode evaluate(Path data, String... more) throws IOException {
        Path json = folder.resolve("result.json");
        List<String> arguments = new ArrayList<>(List.of("evaluate", "--data", data.toString()));
        arguments.addAll(List.of(more));
        arguments.addAll(List.of("--threads", "1", "--json", json.toString()));
        Result result = run(arguments.toArray(String[]::new));
        assertThat(result.code).as(result.err).isZero();
        return new ObjectMapper().readTree(json.toFile());
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
        JsonNode node = evaluate(
                thirds(), "--model", "lightgcn", "--preset", "live", "--seed", "3", "--seeds", "2", "--epochs", "30");
        assertThat(node.path("data").asText()).isEqualTo("thirds");
        assertThat(node.path("model").asText()).isEqualTo("lightgcn");
        assertThat(node.path("preset").asText()).isEqualTo("live");
        assertThat(node.path("seeds").asInt()).isEqualTo(2);
        assertThat(node.path("epochs").asInt()).isEqualTo(30);
        // Every user's items are of one third: whoever sees it finds nearly all among the first twenty.
        JsonNode recall = node.path("metrics").path("recall@20");
        assertThat(recall.path("mean").asDouble()).isGreaterThan(.9);
        double first = node.path("runs").path(0).path("test").path("ndcg@20").asDouble();
        double second = node.path("runs").path(1).path("test").path("ndcg@20").asDouble();
        JsonNode ndcg = node.path("metrics").path("ndcg@20");
        assertThat(ndcg.path("mean").asDouble()).isCloseTo((first + second) / 2, within(1e-12));
        assertThat(ndcg.path("sd").asDouble()).isCloseTo(Math.abs(first - second) / Math.sqrt(2), within(1e-12));
        assertThat(node.path("runs").path(1).path("seed").asInt()).isEqualTo(4);
        assertThat(node.path("settings").path("dimension").asText()).isEqualTo("64");
        assertThat(node.path("published")).isEmpty();
    }

    @Test
    void aResumedRunEndsAsAnUninterruptedOne() throws IOException {
        Path data = thirds();
        String state = folder.resolve("state").toString();
        String[] model = {"--model", "freedom", "--set", "neighbors=3", "--set", "batch=64", "--seeds", "2"};
        JsonNode whole = evaluate(data, with(model, "--epochs", "6"));
        evaluate(data, with(model, "--epochs", "2", "--resume", state));
        JsonNode resumed = evaluate(data, with(model, "--epochs", "6", "--resume", state));
        assertThat(resumed.path("metrics")).isEqualTo(whole.path("metrics"));
        assertThat(resumed.path("valid")).isEqualTo(whole.path("valid"));
        // Nothing is left to do.
        JsonNode again = evaluate(data, with(model, "--epochs", "6", "--resume", state));
        assertThat(again.path("metrics")).isEqualTo(whole.path("metrics"));
        Result other = run(with(
                new String[] {"evaluate", "--data", data.toString(), "--resume", state},
                with(model, "--set", "layers=1")));
        assertThat(other.code).isEqualTo(2);
        assertThat(other.err).contains("--resume finds another run in").contains("layers is 2 there and 1 now");
    }

    @Test
    void aRunIsResumedOnTheRowsThatItWasBegunWith() throws IOException {
        String[] command = {
            "evaluate", "--data", thirds().toString(), "--model", "mf-bpr", "--set", "batch=64", "--epochs", "1"
        };
        String[] resumed = with(command, "--resume", folder.resolve("rows").toString());
        assertThat(run(with(resumed, "--seed", "4", "--seeds", "2")).code).isZero();
        Result other = run(with(resumed, "--seed", "5"));
        assertThat(other.code).isEqualTo(2);
        assertThat(other.err).contains("drawn with seed is 4 there and 5 now");
    }

    @Test
    void aStateAndAModelKeepOutOfEachOthersWay() throws IOException {
        Path data = thirds();
        String both = folder.resolve("both").toString();
        String[] model = {"--model", "mf-bpr", "--set", "batch=64"};
        evaluate(data, with(model, "--epochs", "2", "--resume", both, "--save", both));
        JsonNode three = evaluate(data, with(model, "--epochs", "3", "--resume", both, "--save", both));
        assertThat(three.path("metrics"))
                .isEqualTo(evaluate(data, with(model, "--epochs", "3")).path("metrics"));
        assertThat(evaluate(data, with(model, "--load", both)).path("metrics")).isEqualTo(three.path("metrics"));
    }

    @Test
    void noiseFallsOnEachModalityByItself() throws IOException {
        Path data = thirds();
        Files.copy(data.resolve("text_feat.npy"), data.resolve("image_feat.npy"));
        MmrecDataSet set = MmrecDataSet.open(data);
        Map<String, Features> features = ProtocolData.of(set, noise(set, Map.of("image", .5, "text", .5)), 1)
                .training()
                .features();
        assertThat(features.get("image").values())
                .isNotEqualTo(features.get("text").values());
        Map<String, Features> image = ProtocolData.of(set, noise(set, Map.of("image", .5)), 1)
                .training()
                .features();
        assertThat(image.get("image").values()).isEqualTo(features.get("image").values());
    }

    private static ProtocolData.Treatment noise(MmrecDataSet set, Map<String, Double> shares) {
        return ProtocolData.Treatment.of(set, ProtocolData.Rows.RANDOM, List.of(), shares, 999);
    }

    private static String[] with(String[] first, String... second) {
        return Stream.of(first, second).flatMap(Stream::of).toArray(String[]::new);
    }

    @Test
    void aSavedModelIsLoaded() throws IOException {
        Path data = thirds();
        String saved = folder.resolve("models").toString();
        String[] model = {"--model", "vbpr", "--set", "batch=64", "--epochs", "3"};
        JsonNode trained = evaluate(data, with(model, "--save", saved));
        assertThat(folder.resolve("models/vbpr-seed-999.safetensors")).isRegularFile();
        Path vectors = folder.resolve("vectors");
        JsonNode loaded = evaluate(data, with(model, "--load", saved, "--embeddings", vectors.toString()));
        assertThat(loaded.path("metrics")).isEqualTo(trained.path("metrics"));
        assertThat(loaded.path("runs").path(0).path("epochs").asInt()).isZero();
        FloatMatrix users = NpyFile.readFloats(vectors.resolve("vbpr-seed-999-users.npy"));
        FloatMatrix items = NpyFile.readFloats(vectors.resolve("vbpr-seed-999-items.npy"));
        assertThat(List.of(users.rows(), users.columns(), items.columns())).containsExactly(60, 128, 128);
        assertThat(items.rows())
                .isEqualTo(MmrecDataSet.open(data).features("text").rows());
        String[] evaluate = {"evaluate", "--data", data.toString(), "--load", saved};
        Result other = run(with(evaluate, with(model, "--set", "dimension=8")));
        assertThat(other.code).isEqualTo(2);
        assertThat(other.err).contains("--load finds another run in").contains("dimension is 64 there and 8 now");
        // It was trained on rows that this would test.
        assertThat(run(with(evaluate, with(model, "--split", "time"))).err)
                .contains("--split is random there and time now");
        assertThat(run(with(evaluate, with(model, "--seed", "5"))).err)
                .contains("--load has no vbpr-seed-5.safetensors");
    }

    @Test
    void treatsTheDataAsAsked() throws IOException {
        Path data = thirds();
        String[] freedom = {"--model", "freedom", "--set", "neighbors=2", "--set", "batch=64", "--epochs", "2"};
        JsonNode plain = evaluate(data, freedom);
        JsonNode graph = evaluate(
                data,
                with(freedom, "--graph", data.resolve("text_knn2_neighbors.npy").toString()));
        JsonNode noise = evaluate(data, with(freedom, "--noise", "text=0.5"));
        JsonNode time = evaluate(data, with(freedom, "--split", "time"));
        assertThat(graph.path("metrics")).isNotEqualTo(plain.path("metrics"));
        assertThat(noise.path("metrics")).isNotEqualTo(plain.path("metrics"));
        assertThat(time.path("metrics")).isNotEqualTo(plain.path("metrics"));
        assertThat(time.path("treatment").path("--split").asText()).isEqualTo("time");
        assertThat(plain.path("treatment").path("--split").asText()).isEqualTo("random");
        assertWrong(data, "--noise image=0.5", "--noise names the modality image, but the data has features of text");
        assertWrong(data, "--noise text=1.5", "--noise text is 1.5; it must be a number from 0 to 1");
        assertWrong(data, "--graph text.npy", "--graph is text.npy; its name must be MODALITY_knnK_neighbors.npy");
        assertWrong(data, "--graph text_knn3_neighbors.npy", "text_knn3_neighbors.npy: no such file");
        Files.writeString(data.resolve("thirds.inter"), "userID\titemID\n0\t0\n");
        assertWrong(data, "--split time", "--split time needs times, but");
    }

    private static void assertWrong(Path data, String arguments, String message) {
        Result result = run(with(new String[] {"evaluate", "--data", data.toString()}, arguments.split(" ")));
        assertThat(result.code).isEqualTo(2);
        assertThat(result.err).contains(message);
    }

    @Test
    void publishedFiguresAreThoseOfTheModelOnItsBackbone() {
        Settings onBm3 = Settings.of("backbone", "bm3");
        assertThat(Published.of("amazon-baby", "mcdrec", onBm3))
                .hasValueSatisfying(figures -> assertThat(figures.metrics()).containsEntry("recall@20", .089));
        assertThat(Published.of("amazon-baby", "mcdrec", Settings.of("backbone", "freedom")))
                .hasValueSatisfying(figures -> assertThat(figures.metrics()).containsEntry("recall@20", .1013));
        assertThat(Published.of("Baby", "lightgcn", Settings.of()))
                .hasValueSatisfying(figures -> assertThat(figures.source()).startsWith("MMRec"));
        assertThat(Published.of("globo-clicks", "lightgcn", Settings.of())).isEmpty();
    }

    @Test
    void readsAmazonBaby() throws IOException {
        Path baby = Path.of(System.getProperty("freshet.home", "..")).resolve("../shared/data/amazon-baby");
        assumeTrue(Files.isDirectory(baby), "needs the data set amazon-baby, which is not at " + baby);
        ProtocolData data = ProtocolData.of(MmrecDataSet.open(baby), 1, 1);
        Interactions train = data.training().train();
        assertThat(train.users()).isEqualTo(19_445);
        assertThat(train.items()).isEqualTo(7_050);
        assertThat(train.size()).isEqualTo(118_551);
        assertThat(data.valid().size()).isEqualTo(20_559);
        assertThat(data.test().size()).isEqualTo(21_682);
        assertThat(Arrays.stream(train.itemDegrees()).filter(degree -> degree > 0))
                .hasSize(7_047);
        assertThat(IntStream.range(0, train.users())
                        .allMatch(user ->
                                data.valid().degree(user) > 0 && data.test().degree(user) > 0))
                .isTrue();
    }
}

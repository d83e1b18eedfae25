package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.graph.IdIndex;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.store.Safetensors;
import dev.freshet.trainer.store.Safetensors.Matrix;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Parameter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelStoreTest {

    private static final IdIndex USERS = IdIndex.of(List.of("a", "b"));
    private static final IdIndex ITEMS = IdIndex.of(List.of("x\n\"ü\"", "y", "z"));

    private static final Interactions SEEN = Interactions.of(new int[] {1, 1}, new int[] {2, 0}, 2, 3);

    @TempDir
    private Path folder;

    private ModelStore.Artifact save(ModelStore store, String version) throws IOException {
        return store.save(
                new ModelStore.Saved(
                        version,
                        USERS,
                        ITEMS,
                        Map.of("nodes", new Matrix(5, 2, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})),
                        SEEN),
                Map.of("model", "m"),
                Map.of("nodes", new Matrix(5, 2, new float[10])));
    }

    @Test
    void whatWasSavedIsLoaded() throws IOException {
        ModelStore store = new ModelStore(folder, 2);
        ModelStore.Saved saved = store.load("v1", save(store, "v1").sha256());
        assertThat(saved.parameters()).containsOnlyKeys("nodes");
        assertThat(saved.parameters().get("nodes").values()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        assertThat(saved.items().size()).isEqualTo(3);
        assertThat(saved.items().id(0)).isEqualTo("x\n\"ü\"");
        assertThat(saved.contains("b", "z")).isTrue();
        assertThat(saved.contains("b", "x\n\"ü\"")).isTrue();
        assertThat(saved.contains("b", "y")).isFalse();
        assertThat(saved.contains("a", "z")).isFalse();
        assertThat(saved.contains("nobody", "z")).isFalse();
    }

    @Test
    void aSaveThatFailsLeavesNothing() throws IOException {
        ModelStore store = new ModelStore(folder, 2);
        // A folder in the place of the file: it cannot be written.
        Files.createDirectories(folder.resolve("v1").resolve("model.safetensors.partial"));
        assertThatThrownBy(() -> save(store, "v1")).isInstanceOf(IOException.class);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void cleansUpAfterASaveThatACrashEnded() throws IOException {
        ModelStore store = new ModelStore(folder, 1);
        save(store, "v1");
        Files.createDirectories(folder.resolve("v2"));
        Files.writeString(folder.resolve("v2").resolve("model.safetensors.partial"), "half");
        Path foreign = Files.createDirectories(folder.resolve("notes"));
        store.clean(List.of());
        assertThat(folder.resolve("v2")).doesNotExist();
        assertThat(folder.resolve("v1")).isDirectory();
        assertThat(foreign).isDirectory();
    }

    @Test
    void theFileIsSafetensors() throws IOException {
        Path file = save(new ModelStore(folder, 2), "v1").path();
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) bytes.getLong();
        assertThat(header % 8).isZero();
        String json = new String(bytes.array(), 8, header, StandardCharsets.UTF_8);
        assertThat(json).startsWith("{\"__metadata__\":{\"model\":\"m\"}");
        assertThat(json).contains("\"evaluated/nodes\":{\"dtype\":\"F32\",\"shape\":[5,2],\"data_offsets\":[40,80]}");
        assertThat(bytes.getFloat(8 + header + 40)).isEqualTo(1);
    }

    @Test
    void keepsTheNewestAndTheOneInForce() throws IOException {
        ModelStore store = new ModelStore(folder, 2);
        for (String version : List.of("v1", "v2", "v3", "v4")) {
            save(store, version);
        }
        store.clean(List.of("v1"));
        assertThat(folder.resolve("v1")).isDirectory();
        assertThat(folder.resolve("v2")).doesNotExist();
        assertThat(folder.resolve("v3")).isDirectory();
        assertThat(folder.resolve("v4")).isDirectory();
        assertThatThrownBy(() -> store.load("v2", "")).isInstanceOf(NoSuchFileException.class);
        store.discard("v4");
        assertThat(folder.resolve("v4")).doesNotExist();
    }

    @Test
    void keepsTheNewestOfEachModel() throws IOException {
        ModelStore store = new ModelStore(folder, 2);
        for (String version : List.of("1-a", "2-da-mrs", "3-a", "4-a", "5-a")) {
            save(store, version);
        }
        assertThat(store.clean(List.of())).containsExactlyInAnyOrder("2-da-mrs", "4-a", "5-a");
        assertThat(folder.resolve("3-a")).doesNotExist();
    }

    @Test
    void aDamagedFileIsOneLine() throws IOException {
        ModelStore store = new ModelStore(folder, 2);
        ModelStore.Artifact saved = save(store, "v1");
        Path file = saved.path();
        byte[] bytes = Files.readAllBytes(file);
        // Zeros in the place of a parameter, as a crash may leave them: all else is as it was.
        byte[] zeros = bytes.clone();
        java.util.Arrays.fill(zeros, bytes.length - 60, bytes.length - 50, (byte) 0);
        Files.write(file, zeros);
        assertThatThrownBy(() -> store.load("v1", saved.sha256()))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(file + ": damaged; its SHA-256 is ");
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 30));
        assertThatThrownBy(() -> Safetensors.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(file + ": truncated or corrupt");
        String wrongShape = new String(bytes, StandardCharsets.ISO_8859_1).replace("[5,2]", "[5,9]");
        Files.write(file, wrongShape.getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> Safetensors.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has 40 bytes for 5 x 9");
        Files.write(file, new byte[] {1});
        assertThatThrownBy(() -> Safetensors.read(file)).isInstanceOf(IOException.class);
        Files.write(file, new byte[] {-1, -1, -1, -1, -1, -1, -1, 127, 0});
        assertThatThrownBy(() -> Safetensors.read(file)).hasMessageContaining("no safetensors file");
    }

    @Test
    void pairsThatDoNotFitTheIdsAreRefused() throws IOException {
        ModelStore store = new ModelStore(folder, 2);
        Interactions ofOthers = Interactions.of(new int[] {1, 1}, new int[] {2, 7}, 2, 8);
        ModelStore.Artifact saved =
                store.save(new ModelStore.Saved("v1", USERS, ITEMS, Map.of(), ofOthers), Map.of(), Map.of());
        assertThatThrownBy(() -> store.load("v1", saved.sha256()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("do not fit its users and items");
    }

    @Test
    void aFolderThatCannotBeMadeIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> new ModelStore(file, 1)).isInstanceOf(IOException.class);
    }

    @Test
    void aWarmStartTakesRowsByIdAndFillsNewOnesFromNeighbors() {
        // Known: users a, b; items x, y. New: user c, who shares an item with b alone; item w, near y by its features
        // alone.
        IdIndex users = IdIndex.of(List.of("a", "b", "c", "d"));
        IdIndex items = IdIndex.of(List.of("w", "x", "y"));
        TrainingData data = new TrainingData(
                Interactions.of(new int[] {0, 1, 2}, new int[] {1, 2, 2}, 4, 3),
                Map.of("image", Features.of(2, new float[] {1, .1f, 0, 0, 1, 0})),
                Map.of(),
                1);
        ModelStore.Saved saved = new ModelStore.Saved(
                "v1",
                IdIndex.of(List.of("a", "b")),
                IdIndex.of(List.of("x", "y")),
                Map.of(
                        "nodes",
                        new Matrix(4, 2, new float[] {1, 1, 2, 2, 3, 3, 4, 4}),
                        "users",
                        new Matrix(2, 1, new float[] {1, 2}),
                        "items",
                        new Matrix(2, 1, new float[] {3, 4}),
                        "features",
                        new Matrix(2, 1, new float[] {5, 6}),
                        "weight",
                        new Matrix(1, 2, new float[] {7, 8}),
                        "narrow",
                        new Matrix(1, 1, new float[] {9})),
                Interactions.of(new int[] {0, 1}, new int[] {0, 1}, 2, 2));
        try (Backend backend = new HostBackend(1)) {
            Parameter nodes = Parameter.of("nodes", Parameter.Rows.NODES, backend, 7, 2, new float[14]);
            Parameter weight = Parameter.of("weight", Parameter.Rows.SHARED, backend, 1, 2, new float[2]);
            Parameter narrow = Parameter.of("narrow", Parameter.Rows.SHARED, backend, 1, 2, new float[] {5, 6});
            Parameter ofUsers = Parameter.of("users", Parameter.Rows.USERS, backend, 4, 1, new float[] {9, 9, 9, 9});
            Parameter ofItems = Parameter.of("items", Parameter.Rows.ITEMS, backend, 3, 1, new float[] {9, 9, 9});
            Parameter features =
                    Parameter.of("features", Parameter.Rows.CORRECTIONS, backend, 3, 1, new float[] {9, 9, 9});
            assertThat(WarmStart.apply(saved, List.of(nodes, weight, ofUsers, ofItems, features), users, items, data))
                    .isEqualTo(5);
            // User d has no neighbors; nothing was added to item w's features yet.
            assertThat(ofUsers.value().toFloats()).containsExactly(1, 2, 2, 9);
            assertThat(ofItems.value().toFloats()).containsExactly(4, 3, 4);
            assertThat(features.value().toFloats()).containsExactly(9, 5, 6);
            assertThat(nodes.value().toFloats()).containsExactly(1, 1, 2, 2, 2, 2, 0, 0, 4, 4, 3, 3, 4, 4);
            assertThat(weight.value().toFloats()).containsExactly(7, 8);
            assertThat(WarmStart.apply(saved, List.of(narrow), users, items, data))
                    .isZero();
            assertThat(narrow.value().toFloats()).containsExactly(5, 6);
        }
    }

    @Test
    void whatWasSeenGrowsAndForgetsWhoIsGone() {
        ModelStore.Saved saved = new ModelStore.Saved(
                "v1",
                IdIndex.of(List.of("a", "gone")),
                IdIndex.of(List.of("x", "y")),
                Map.of(),
                Interactions.of(new int[] {0, 0, 1}, new int[] {0, 1, 0}, 2, 2));
        IdIndex users = IdIndex.of(List.of("a", "c"));
        IdIndex items = IdIndex.of(List.of("w", "x", "y"));
        Interactions train = Interactions.of(new int[] {0, 1}, new int[] {2, 0}, 2, 3);
        Interactions seen = WarmStart.seen(saved, train, users, items);
        // a–y of both, a–x of the saved model alone, c–w of this training alone.
        assertThat(seen.userOfEach()).containsExactly(0, 0, 1);
        assertThat(seen.itemOfEach()).containsExactly(1, 2, 0);
    }
}

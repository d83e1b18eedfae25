package dev.freshet.trainer.loop;

import dev.freshet.graph.IdIndex;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.store.Safetensors;
import dev.freshet.trainer.store.Safetensors.Matrix;
import dev.freshet.trainer.tensor.Parameter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Saved models: a folder per version with one {@code model.safetensors}. It holds the parameters that were released
 * ({@code released/NAME}), those before they saw the held-out interactions ({@code evaluated/NAME}), from which the next training starts,
 * the ids of users and items in the order of the rows, and the pairs that the evaluated parameters have seen.
 */
final class ModelStore {

    private static final String FILE = "model.safetensors";
    private static final String PARTIAL = FILE + Safetensors.PARTIAL;
    private static final String RELEASED = "released/";
    private static final String EVALUATED = "evaluated/";
    private static final String USERS = "ids/users";
    private static final String ITEMS = "ids/items";
    private static final String SEEN_DEGREES = "seen/degrees";
    private static final String SEEN_ITEMS = "seen/items";

    private final Path folder;
    private final int keep;

    /**
     * A saved model, as a warm start needs it.
     *
     * @param version its version
     * @param users ids of the users
     * @param items ids of the items
     * @param parameters parameters by name, before they saw the held-out interactions; rows of nodes are users, then items
     * @param seen pairs that these parameters were trained on, over the ids: by this training and those that it started from
     */
    record Saved(String version, IdIndex users, IdIndex items, Map<String, Matrix> parameters, Interactions seen)
            implements TemporalSlice.Seen {
        @Override
        public boolean contains(String user, String item) {
            int row = users.indexOf(user);
            int column = items.indexOf(item);
            return row >= 0 && column >= 0 && seen.contains(row, column);
        }
    }

    /**
     * A saved file.
     *
     * @param path where it lies
     * @param sha256 its SHA-256, lower-case hex
     */
    record Artifact(Path path, String sha256) {}

    /**
     * @param folder where the models are; created
     * @param keep how many of the newest of each model stay
     */
    ModelStore(Path folder, int keep) throws IOException {
        this.folder = folder.toAbsolutePath().normalize();
        this.keep = keep;
        Files.createDirectories(this.folder);
        if (!Files.isWritable(this.folder)) {
            throw new IOException(this.folder + ": not writable; models are saved there");
        }
    }

    /** Values of parameters by name. */
    static Map<String, Matrix> values(List<Parameter> parameters) {
        Map<String, Matrix> values = new LinkedHashMap<>();
        for (Parameter parameter : parameters) {
            values.put(parameter.name(), Matrix.of(parameter.value()));
        }
        return values;
    }

    /** Saves a model, with its released parameters; it is there whole, or not at all, also after the machine goes down. */
    Artifact save(Saved model, Map<String, String> about, Map<String, Matrix> released) throws IOException {
        Map<String, Matrix> matrices = new LinkedHashMap<>();
        released.forEach((name, matrix) -> matrices.put(RELEASED + name, matrix));
        model.parameters.forEach((name, matrix) -> matrices.put(EVALUATED + name, matrix));
        Safetensors content = new Safetensors(
                about,
                matrices,
                Map.of(
                        SEEN_DEGREES,
                        IntStream.range(0, model.seen.users())
                                .map(model.seen::degree)
                                .toArray(),
                        SEEN_ITEMS,
                        model.seen.itemOfEach()),
                Map.of(USERS, ids(model.users), ITEMS, ids(model.items)));
        Path home = folder.resolve(model.version);
        Path file = home.resolve(FILE);
        try {
            Files.createDirectories(home);
            content.replace(file);
            force(home);
            force(folder);
            return new Artifact(file, sha256(file));
        } catch (IOException e) {
            try {
                delete(home);
            } catch (IOException further) {
                e.addSuppressed(further);
            }
            throw e;
        }
    }

    /** Writes the entries of a folder through to the disk. */
    private static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder)) {
            channel.force(true);
        }
    }

    private static List<String> ids(IdIndex index) {
        return IntStream.range(0, index.size()).mapToObj(index::id).toList();
    }

    /**
     * Makes sure that a saved model is there whole.
     *
     * @param sha256 the file's SHA-256, as its release has it
     * @throws IOException if it is gone or damaged
     */
    void check(String version, String sha256) throws IOException {
        Path path = folder.resolve(version).resolve(FILE);
        String found = sha256(path);
        if (!found.equals(sha256)) {
            throw new IOException(path + ": damaged; its SHA-256 is " + found + ", but it was released with " + sha256);
        }
    }

    /**
     * Loads a saved model.
     *
     * @param sha256 the file's SHA-256, as its release has it
     * @throws IOException if it is gone or damaged
     */
    Saved load(String version, String sha256) throws IOException {
        check(version, sha256);
        Path path = folder.resolve(version).resolve(FILE);
        Safetensors file = Safetensors.read(path);
        Map<String, Matrix> parameters = new LinkedHashMap<>();
        file.matrices().forEach((name, matrix) -> {
            if (name.startsWith(EVALUATED)) {
                parameters.put(name.substring(EVALUATED.length()), matrix);
            }
        });
        IdIndex users = IdIndex.of(file.strings().getOrDefault(USERS, List.of()));
        IdIndex items = IdIndex.of(file.strings().getOrDefault(ITEMS, List.of()));
        int[] degrees = file.numbers().get(SEEN_DEGREES);
        int[] seen = file.numbers().get(SEEN_ITEMS);
        if (degrees == null || seen == null || degrees.length != users.size()) {
            throw new IOException(path + ": does not say what it was trained on");
        }
        if (Arrays.stream(degrees).anyMatch(degree -> degree < 0)
                || Arrays.stream(degrees).asLongStream().sum() != seen.length
                || Arrays.stream(seen).anyMatch(item -> item < 0 || item >= items.size())) {
            throw new IOException(path + ": corrupt; the pairs that it was trained on do not fit its users and items");
        }
        int[] userOf = IntStream.range(0, degrees.length)
                .flatMap(user -> IntStream.generate(() -> user).limit(degrees[user]))
                .toArray();
        return new Saved(version, users, items, parameters, Interactions.of(userOf, seen, users.size(), items.size()));
    }

    /**
     * Deletes all but the newest of each model, never one of {@code inForce}, and what is left of a save that a crash ended.
     *
     * @return the versions that stay
     */
    Set<String> clean(Collection<String> inForce) throws IOException {
        List<Path> folders;
        try (Stream<Path> paths = Files.list(folder)) {
            folders = paths.filter(Files::isDirectory)
                    .sorted(Comparator.comparing(Path::getFileName).reversed())
                    .toList();
        }
        List<Path> versions = new ArrayList<>();
        for (Path path : folders) {
            if (Files.exists(path.resolve(FILE))) {
                versions.add(path);
            } else if (Files.exists(path.resolve(PARTIAL))) {
                delete(path);
            }
        }
        Set<String> kept = new HashSet<>();
        Map<String, Integer> newer = new HashMap<>();
        for (Path path : versions) {
            String version = path.getFileName().toString();
            // The name of the model stands behind the time.
            int dash = version.indexOf('-');
            String model = dash < 0 ? "" : version.substring(dash);
            if (newer.merge(model, 1, Integer::sum) <= keep || inForce.contains(version)) {
                kept.add(version);
            } else {
                delete(path);
            }
        }
        return kept;
    }

    /** Deletes a model that was saved and then not released. */
    void discard(String version) throws IOException {
        delete(folder.resolve(version));
    }

    private static void delete(Path version) throws IOException {
        Files.deleteIfExists(version.resolve(FILE));
        Files.deleteIfExists(version.resolve(PARTIAL));
        Files.deleteIfExists(version);
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}

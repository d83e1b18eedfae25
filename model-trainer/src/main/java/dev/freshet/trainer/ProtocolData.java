package dev.freshet.trainer;

import dev.freshet.dataset.FloatMatrix;
import dev.freshet.dataset.IntMatrix;
import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.RandomSplit;
import dev.freshet.trainer.data.TimeSplit;
import dev.freshet.trainer.data.TrainingData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * A data set on disk as the papers' protocol takes it.
 *
 * @param training what models are trained on
 * @param valid pairs for early stopping
 * @param test pairs for the reported metrics
 */
public record ProtocolData(TrainingData training, Interactions valid, Interactions test) {

    private static final Pattern GRAPH = Pattern.compile("(.+)_knn\\d+_neighbors\\.npy");

    /** How the rows are split. */
    enum Rows {
        /** As the data set says, else {@link #RANDOM}. */
        PUBLISHED,
        /** MMRec's random split of each user's rows. */
        RANDOM,
        /** By time over all users. */
        TIME;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What is done to a data set.
     *
     * @param rows how its rows are split
     * @param graphs files of neighbors that stand in for graphs built from the features, by modality
     * @param noise share of the vectors that are replaced by those of other items, by modality
     * @param seed seed of a random split and of the noise
     */
    record Treatment(Rows rows, Map<String, Path> graphs, Map<String, Double> noise, long seed) {

        /** Checks the options against the data set, in one line each. */
        static Treatment of(MmrecDataSet set, Rows rows, Iterable<Path> files, Map<String, Double> noise, long seed) {
            if (rows == Rows.TIME && !set.hasTimes()) {
                throw new IllegalArgumentException(
                        "--split time needs times, but " + set.file() + " has no column timestamp");
            }
            Rows how = rows == Rows.PUBLISHED && !set.hasSplit() ? Rows.RANDOM : rows;
            Map<String, Path> graphs = new TreeMap<>();
            for (Path file : files) {
                Matcher name = GRAPH.matcher(String.valueOf(file.getFileName()));
                if (!name.matches()) {
                    throw new IllegalArgumentException(
                            "--graph is " + file + "; its name must be MODALITY_knnK_neighbors.npy");
                }
                graphs.put(known(set, "--graph", name.group(1)), file);
            }
            noise.forEach((modality, share) -> {
                known(set, "--noise", modality);
                if (!(share >= 0 && share <= 1)) {
                    throw new IllegalArgumentException(
                            "--noise " + modality + " is " + share + "; it must be a number from 0 to 1");
                }
                if (graphs.containsKey(modality)) {
                    throw new IllegalArgumentException("--noise changes the features of " + modality
                            + ", but --graph gives the graph of others; leave one out");
                }
            });
            return new Treatment(how, graphs, noise, seed);
        }

        private static String known(MmrecDataSet set, String option, String modality) {
            if (!set.modalities().contains(modality)) {
                throw new IllegalArgumentException(option + " names the modality " + modality + ", but the data has "
                        + (set.modalities().isEmpty()
                                ? "no features"
                                : "features of " + String.join(", ", set.modalities()) + " alone"));
            }
            return modality;
        }

        /** What it does, in words by option; a run with other words is another run. */
        Map<String, String> asMap() {
            Map<String, String> words = new TreeMap<>();
            words.put("--split", rows.toString());
            graphs.forEach((modality, file) -> words.put(
                    "--graph " + modality, file.toAbsolutePath().normalize().toString()));
            noise.forEach((modality, share) -> words.put("--noise " + modality, share.toString()));
            if (rows == Rows.RANDOM || !noise.isEmpty()) {
                words.put("drawn with seed", Long.toString(seed));
            }
            return words;
        }

        /** Whether it is that of the papers' figures. */
        boolean isPublished() {
            return rows == Rows.PUBLISHED && noise.isEmpty();
        }

        /** Each modality's by itself: where all had the same, other modalities would confirm what is wrong in one. */
        private Features withNoise(String modality, Features features) {
            Double share = noise.get(modality);
            return share == null
                    ? features
                    : features.replaced(share, new SplittableRandom(seed ^ modality.hashCode()));
        }
    }

    /** Reads a data set as it is published. */
    public static ProtocolData of(MmrecDataSet set, long seed, int threads) throws IOException {
        return of(set, Treatment.of(set, Rows.PUBLISHED, List.of(), Map.of(), seed), threads);
    }

    /** Reads a data set. */
    static ProtocolData of(MmrecDataSet set, Treatment treatment, int threads) throws IOException {
        int[] parts = parts(set, treatment);
        Map<String, Features> features = new HashMap<>();
        for (String modality : set.modalities()) {
            FloatMatrix matrix = set.features(modality);
            features.put(modality, treatment.withNoise(modality, Features.of(matrix.columns(), matrix.values())));
        }
        Map<String, NeighborGraph> graphs = new HashMap<>();
        for (Map.Entry<String, Path> graph : treatment.graphs.entrySet()) {
            graphs.put(TrainingData.publishedGraph(graph.getKey()), graph(set, graph.getValue()));
        }
        Interactions train = pairs(set, parts, 0, null);
        return new ProtocolData(
                new TrainingData(train, features, graphs, threads),
                pairs(set, parts, 1, train),
                pairs(set, parts, 2, train));
    }

    private static int[] parts(MmrecDataSet set, Treatment treatment) {
        return switch (treatment.rows) {
            case PUBLISHED -> IntStream.range(0, set.size())
                    .map(row -> set.split(row).ordinal())
                    .toArray();
            case RANDOM -> RandomSplit.parts(set.users(), set.userCount(), treatment.seed);
            case TIME -> TimeSplit.parts(set.rowsByTime());
        };
    }

    /** The pairs of a part, without those of {@code known}, which no list may show. */
    private static Interactions pairs(MmrecDataSet set, int[] parts, int part, Interactions known) {
        int[] rows = IntStream.range(0, parts.length)
                .filter(row ->
                        parts[row] == part && (known == null || !known.contains(set.users()[row], set.items()[row])))
                .toArray();
        return Interactions.of(
                Arrays.stream(rows).map(row -> set.users()[row]).toArray(),
                Arrays.stream(rows).map(row -> set.items()[row]).toArray(),
                set.userCount(),
                set.itemCount());
    }

    /** Neighbors without the item itself, in their order. */
    private static NeighborGraph graph(MmrecDataSet set, Path file) throws IOException {
        IntMatrix neighbors = set.neighbors(file);
        FloatMatrix cosines = set.cosines(file);
        int[] offsets = new int[neighbors.rows() + 1];
        int[] ids = new int[neighbors.values().length];
        double[] weights = new double[ids.length];
        int at = 0;
        for (int item = 0; item < neighbors.rows(); item++) {
            for (int rank = 0; rank < neighbors.columns(); rank++) {
                if (neighbors.get(item, rank) != item) {
                    ids[at] = neighbors.get(item, rank);
                    weights[at++] = cosines.get(item, rank);
                }
            }
            offsets[item + 1] = at;
        }
        return new NeighborGraph(offsets, Arrays.copyOf(ids, at), Arrays.copyOf(weights, at));
    }
}

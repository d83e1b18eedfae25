package dev.freshet.bench;

import dev.freshet.dataset.FloatMatrix;
import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.graph.content.ContentNeighbors;
import dev.freshet.graph.content.UserProfiles;
import dev.freshet.schema.Neighbor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Exact nearest neighbors against those by a proximity graph, on the items and profiles of data sets and on vectors in clusters: time to
 * build all lists, time to bring them up to date after some vectors changed and as many were removed, and the share of the true
 * neighbors in the lists before and after.
 */
@Command(
        name = "neighbor-recall",
        mixinStandardHelpOptions = true,
        description = "Times exact and approximate nearest neighbors, and measures the recall of the latter.")
public final class NeighborRecallMain implements Callable<Integer> {

    private static final int CLUSTERS = 1000;
    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    @Spec
    private CommandSpec spec;

    @Option(names = "--data", paramLabel = "DIR", description = "Data sets in MMRec form, whose vectors to take.")
    private List<Path> data = List.of();

    @Option(names = "--synthetic", split = ",", paramLabel = "N", description = "Numbers of vectors in clusters.")
    private List<Integer> synthetic = List.of();

    @Option(names = "--dimension", defaultValue = "384", description = "Their length. Default: ${DEFAULT-VALUE}")
    private int dimension;

    @Option(names = "--k", defaultValue = "10", description = "Neighbors per vector. Default: ${DEFAULT-VALUE}")
    private int k;

    @Option(names = "--changes", defaultValue = "500", description = "Vectors that change. Default: ${DEFAULT-VALUE}")
    private int changes;

    private NeighborRecallMain() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new NeighborRecallMain()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        out.println("| vectors | exact: all | changed | approximate: all | changed | recall | after changes |");
        out.println("|---|---|---|---|---|---|---|");
        for (Path folder : data) {
            MmrecDataSet set = MmrecDataSet.open(folder);
            for (String modality : set.modalities()) {
                FloatMatrix features = set.features(modality);
                compare(out, set.name() + ' ' + modality, items(features));
                compare(out, set.name() + ' ' + modality + " profiles", profiles(set, features));
            }
        }
        for (int rows : synthetic) {
            compare(out, "clustered", clustered(rows));
        }
        return 0;
    }

    private static Map<String, float[]> items(FloatMatrix features) {
        Map<String, float[]> vectors = new TreeMap<>();
        for (int item = 0; item < features.rows(); item++) {
            int start = item * features.columns();
            vectors.put("v" + item, Arrays.copyOfRange(features.values(), start, start + features.columns()));
        }
        return vectors;
    }

    private static Map<String, float[]> profiles(MmrecDataSet set, FloatMatrix features) {
        UserProfiles profiles = new UserProfiles();
        items(features).forEach((item, vector) -> profiles.putItem("", item, vector));
        for (int row = 0; row < set.size(); row++) {
            profiles.link("u" + set.users()[row], "v" + set.items()[row]);
        }
        Map<String, float[]> vectors = new TreeMap<>();
        profiles.drain("", vectors::put);
        return vectors;
    }

    private Map<String, float[]> clustered(int rows) {
        Map<String, float[]> vectors = new TreeMap<>();
        Random random = new Random(1);
        for (int row = 0; row < rows; row++) {
            Random center = new Random(random.nextInt(CLUSTERS));
            float[] vector = new float[dimension];
            for (int c = 0; c < dimension; c++) {
                vector[c] = (float) (center.nextGaussian() + random.nextGaussian());
            }
            vectors.put("v" + row, vector);
        }
        return vectors;
    }

    private void compare(PrintWriter out, String name, Map<String, float[]> vectors) {
        int columns = vectors.values().iterator().next().length;
        ContentNeighbors exact = new ContentNeighbors(columns, k, THREADS);
        ContentNeighbors approximate = new ContentNeighbors(columns, k, THREADS, 1);
        double exactAll = fill(exact, vectors);
        double approximateAll = fill(approximate, vectors);
        double recall = recall(exact, approximate, vectors.keySet());
        double exactSome = change(exact, vectors);
        double approximateSome = change(approximate, vectors);
        out.printf(
                Locale.ROOT,
                "| %s, %,d × %d | %.2f s | %.3f s | %.2f s | %.3f s | %.4f | %.4f |%n",
                name,
                vectors.size(),
                columns,
                exactAll,
                exactSome,
                approximateAll,
                approximateSome,
                recall,
                recall(exact, approximate, vectors.keySet()));
        out.flush();
    }

    private static double fill(ContentNeighbors neighbors, Map<String, float[]> vectors) {
        vectors.forEach(neighbors::put);
        return flush(neighbors);
    }

    /** Mixes some vectors with others, and removes as many. */
    private double change(ContentNeighbors neighbors, Map<String, float[]> vectors) {
        Random random = new Random(2);
        List<String> ids = List.copyOf(vectors.keySet());
        for (int change = 0; change < changes; change++) {
            float[] mixed = vectors.get(ids.get(random.nextInt(ids.size()))).clone();
            float[] other = vectors.get(ids.get(random.nextInt(ids.size())));
            for (int c = 0; c < mixed.length; c++) {
                mixed[c] += other[c] / 2;
            }
            neighbors.put(ids.get(random.nextInt(ids.size())), mixed);
            neighbors.remove(ids.get(random.nextInt(ids.size())));
        }
        return flush(neighbors);
    }

    private static double flush(ContentNeighbors neighbors) {
        long start = System.nanoTime();
        neighbors.flush();
        return (System.nanoTime() - start) / 1e9;
    }

    private static double recall(ContentNeighbors exact, ContentNeighbors approximate, Set<String> ids) {
        long found = 0;
        long all = 0;
        for (String id : ids) {
            Set<Neighbor> wanted = new HashSet<>(exact.neighbors(id));
            all += wanted.size();
            wanted.retainAll(approximate.neighbors(id));
            found += wanted.size();
        }
        return (double) found / all;
    }
}

package dev.freshet.serving.score;

import dev.freshet.dataset.FloatMatrix;
import dev.freshet.dataset.NpyFile;
import dev.freshet.graph.TopK;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Looks for the best items of users of trained models among all, and by {@link ProximityIndex}: time per user on one thread, share of the true best that the
 * index finds, time to build it with all processors, and its memory. {@code --exact-items} has its default from here.
 */
@Command(
        name = "item-search",
        mixinStandardHelpOptions = true,
        description = "Times the search for the best items, exact and by index, and measures the recall of the latter.")
public final class ItemSearchMain implements Callable<Integer> {

    /** As the recommender asks for them. */
    private static final int DEPTH = 100;

    private static final int TOP = 20;
    private static final int ROUNDS = 3;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--embeddings",
            required = true,
            paramLabel = "PREFIX",
            description =
                    "What trainer evaluate --embeddings wrote: PREFIX-users.npy and PREFIX-items.npy; may be given more than once.")
    private List<Path> models;

    @Option(
            names = "--items",
            split = ",",
            paramLabel = "N",
            defaultValue = "100000,300000,1000000",
            description =
                    "Items to search: a choice of the model's, or these and others between them. Default: ${DEFAULT-VALUE}")
    private List<Integer> sizes;

    @Option(
            names = "--users",
            paramLabel = "N",
            defaultValue = "500",
            description = "Users to search for. Default: ${DEFAULT-VALUE}")
    private int users;

    private ItemSearchMain() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new ItemSearchMain()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        out.println(
                "| model | items | exact, ms per user | eight at once | index, ms per user | exact : index | Recall@20 | Recall@100 | built, s | bytes per item |");
        out.println("|---|---|---|---|---|---|---|---|---|---|");
        for (Path model : models) {
            FloatMatrix items = NpyFile.readFloats(Path.of(model + "-items.npy"));
            FloatMatrix all = NpyFile.readFloats(Path.of(model + "-users.npy"));
            Random random = new Random(1);
            float[][] tastes = new float[users][];
            for (int user = 0; user < users; user++) {
                tastes[user] = all.row(random.nextInt(all.rows()));
            }
            LargerCatalogue catalogue = new LargerCatalogue(items, random);
            for (int size : sizes) {
                measure(out, model.getFileName().toString(), matrix(catalogue.vectors(size)), tastes);
            }
        }
        return 0;
    }

    private static ItemMatrix matrix(float[][] vectors) {
        Map<String, float[]> byId = new HashMap<>();
        for (int item = 0; item < vectors.length; item++) {
            byId.put("i" + item, vectors[item]);
        }
        return new ItemMatrix(byId, vectors[0].length);
    }

    private static void measure(PrintWriter out, String model, ItemMatrix items, float[][] tastes) {
        long start = System.nanoTime();
        ProximityIndex index = ProximityIndex.build(items, Runtime.getRuntime().availableProcessors(), () -> true);
        double built = (System.nanoTime() - start) / 1e9;
        TopK[] exact = null;
        TopK[] found = null;
        double exactMillis = Double.MAX_VALUE;
        double togetherMillis = Double.MAX_VALUE;
        double foundMillis = Double.MAX_VALUE;
        // By turns, the best of each: the first is slow, and other work may come between.
        for (int round = 0; round < ROUNDS; round++) {
            start = System.nanoTime();
            exact = search(tastes, 1, items::best);
            exactMillis = Math.min(exactMillis, (System.nanoTime() - start) / 1e6 / tastes.length);
            start = System.nanoTime();
            search(tastes, Recommender.AT_ONCE, items::best);
            togetherMillis = Math.min(togetherMillis, (System.nanoTime() - start) / 1e6 / tastes.length);
            start = System.nanoTime();
            found = search(tastes, 1, one -> index.best(one.get(0)));
            foundMillis = Math.min(foundMillis, (System.nanoTime() - start) / 1e6 / tastes.length);
        }
        out.printf(
                Locale.ROOT,
                "| %s | %,d × %d | %.3f | %.3f | %.3f | %.1f | %.4f | %.4f | %.0f | %d |%n",
                model,
                items.size(),
                items.dimension(),
                exactMillis,
                togetherMillis,
                foundMillis,
                exactMillis / foundMillis,
                recall(exact, found, TOP),
                recall(exact, found, DEPTH),
                built,
                index.bytes() / items.size());
        out.flush();
    }

    private static TopK[] search(float[][] tastes, int atOnce, Consumer<List<Search>> way) {
        List<Search> all = Arrays.stream(tastes)
                .map(taste -> new Search(taste, DEPTH, row -> false))
                .toList();
        for (int first = 0; first < all.size(); first += atOnce) {
            way.accept(all.subList(first, Math.min(all.size(), first + atOnce)));
        }
        return all.stream().map(Search::best).peek(TopK::sort).toArray(TopK[]::new);
    }

    private static double recall(TopK[] exact, TopK[] found, int k) {
        long hits = 0;
        for (int user = 0; user < exact.length; user++) {
            Set<Integer> best = new HashSet<>();
            for (int rank = 0; rank < k; rank++) {
                best.add(exact[user].id(rank));
            }
            for (int rank = 0; rank < Math.min(k, found[user].size()); rank++) {
                hits += best.contains(found[user].id(rank)) ? 1 : 0;
            }
        }
        return (double) hits / ((long) k * exact.length);
    }
}

package dev.freshet.graph.content;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.GraphNames;
import dev.freshet.graph.batch.BatchContent;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.topic.Keys;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;

class ContentGraphsTest {

    private static final List<String> MODALITIES = List.of("image", "text");
    private static final int[] DIMENSIONS = {3, 5};
    private static final int K = 3;

    /** Something that happens. */
    sealed interface Step {}

    record Put(int modality, int item, int vector) implements Step {}

    record Remove(int modality, int item) implements Step {}

    record Link(int user, int item, boolean live) implements Step {}

    record Flush() implements Step {}

    /** Everything in memory is lost, and given again. */
    record Restart() implements Step {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> modality = Arbitraries.integers().between(0, 1);
        Arbitrary<Integer> item = Arbitraries.integers().between(0, 24);
        Arbitrary<Step> put = Combinators.combine(
                        modality, item, Arbitraries.integers().between(0, 300))
                .as(Put::new);
        Arbitrary<Step> remove = Combinators.combine(modality, item).as(Remove::new);
        Arbitrary<Step> link = Combinators.combine(
                        Arbitraries.integers().between(0, 14),
                        item,
                        Arbitraries.frequencyOf(
                                Tuple.of(3, Arbitraries.just(true)), Tuple.of(1, Arbitraries.just(false))))
                .as(Link::new);
        return Arbitraries.frequencyOf(
                        Tuple.of(15, put),
                        Tuple.of(5, remove),
                        Tuple.of(25, link),
                        Tuple.of(5, Arbitraries.just(new Flush())),
                        Tuple.of(2, Arbitraries.just(new Restart())))
                .list()
                .ofMaxSize(160);
    }

    @Property(tries = 1000)
    void incrementalEqualsBatch(@ForAll("steps") List<Step> steps) {
        Run run = new Run();
        steps.forEach(run::step);
        run.step(new Flush());
    }

    @Test
    void knownMask() {
        // MODELS.md §13: means .45 and .72; of the pairs of different items, (1, 2) alone is kept.
        ContentGraphs graphs = new ContentGraphs(2, 1, Integer.MAX_VALUE, new Store(), false);
        float[][] images = {{1, 0}, {.8f, .6f}, {0, 1}, {-.6f, .8f}};
        float[][] texts = {{1, 0}, {.6f, .8f}, {.8f, .6f}, {0, 1}};
        for (int i = 0; i < 4; i++) {
            graphs.put("image", "" + i, images[i]);
            graphs.put("text", "" + i, texts[i]);
        }
        graphs.put("image", "without text", new float[] {0, 1});
        graphs.remove("image", "without text");
        Map<String, List<String>> lists = new TreeMap<>();
        graphs.flush(1, list -> {
            if (GraphNames.isItemDenoised(list.getGraph())) {
                lists.put(
                        Keys.neighbors(list.getGraph(), list.getNode()),
                        list.getNeighbors().stream().map(Neighbor::getId).toList());
            }
        });
        assertThat(lists)
                .isEqualTo(Map.of(
                        "item-denoised-image:1", List.of("2"),
                        "item-denoised-image:2", List.of("1"),
                        "item-denoised-text:1", List.of("2"),
                        "item-denoised-text:2", List.of("1")));
    }

    @Test
    void aModalityOfZerosMasksNothing() {
        ContentGraphs graphs = new ContentGraphs(2, 1, Integer.MAX_VALUE, new Store(), false);
        List<Item> items = new ArrayList<>();
        for (String id : List.of("x", "y", "z")) {
            float[] text = {1, id.equals("z") ? -5 : 1};
            graphs.put("text", id, text);
            items.add(Item.newBuilder()
                    .setItem(id)
                    .setFeatures(Map.of("text", Vectors.toList(text)))
                    .build());
        }
        graphs.put("image", "x", new float[2]);
        items.get(0).setFeatures(Map.of("image", List.of(0f, 0f), "text", List.of(1f, 1f)));
        Map<String, List<NeighborList>> lists = new TreeMap<>();
        graphs.flush(0, list -> lists.computeIfAbsent(list.getGraph(), graph -> new ArrayList<>())
                .add(list));
        assertThat(lists.get("item-denoised-text"))
                .extracting(NeighborList::getNode)
                .containsExactly("x", "y");
        assertThat(BatchContent.all(List.of(), items, 2)).isEqualTo(lists);
    }

    @Test
    void aRestartComputesNothingAgain() {
        Run run = new Run();
        for (int i = 0; i < 20; i++) {
            run.step(new Put(0, i, i));
            run.step(new Put(1, i, i + 1));
            run.step(new Link(i % 7, i, true));
        }
        run.step(new Flush());
        assertThat(run.published.keySet()).anyMatch(key -> key.startsWith("item-denoised-text:"));
        run.step(new Restart());
        // Every list that is computed is written, with what it must be restored from.
        run.store.writes = 0;
        assertThat(run.graphs.work())
                .as("work before it is known what there is to do")
                .isZero();
        run.step(new Flush());
        assertThat(run.store.writes).isZero();
        assertThat(run.sent).isEmpty();
    }

    @Test
    void workGrowsWithWhatIsPutOff() {
        Run run = new Run();
        assertThat(run.graphs.work()).isZero();
        for (int i = 0; i < 10; i++) {
            run.step(new Put(0, i, i));
            run.step(new Link(i % 5, i, true));
        }
        assertThat(run.graphs.work()).isEqualTo((10 * 10 + 5 * 5 + 10 * 10) * 3L);
        run.step(new Flush());
        assertThat(run.graphs.work()).isZero();
        run.step(new Link(1, 9, true));
        assertThat(run.graphs.work()).isEqualTo(5 * 3L);
    }

    /** Graphs under test, what they should be of, and a consumer of what they pass on. */
    private static final class Run {
        private final Map<String, Map<String, List<Float>>> features = new TreeMap<>();
        private final Map<List<String>, LiveInteraction> interactions = new HashMap<>();
        private final Map<String, NeighborList> published = new TreeMap<>();
        private final Store store = new Store();
        private final List<NeighborList> sent = new ArrayList<>();
        private ContentGraphs graphs = new ContentGraphs(K, 1, Integer.MAX_VALUE, store, false);
        private long version;

        void step(Step step) {
            if (step instanceof Put put) {
                float[] vector = vector(put.vector, DIMENSIONS[put.modality]);
                graphs.put(MODALITIES.get(put.modality), "i" + put.item, vector);
                features.computeIfAbsent("i" + put.item, item -> new HashMap<>())
                        .put(MODALITIES.get(put.modality), Vectors.toList(vector));
            } else if (step instanceof Remove remove) {
                graphs.remove(MODALITIES.get(remove.modality), "i" + remove.item);
                features.getOrDefault("i" + remove.item, new HashMap<>()).remove(MODALITIES.get(remove.modality));
            } else if (step instanceof Link link) {
                graphs.link("u" + link.user, "i" + link.item, link.live);
                List<String> pair = List.of("u" + link.user, "i" + link.item);
                if (link.live) {
                    interactions.put(
                            pair,
                            new LiveInteraction(
                                    "u" + link.user, "i" + link.item, true, "view", 1.0, Instant.EPOCH, 0, 0L));
                } else {
                    interactions.remove(pair);
                }
            } else if (step instanceof Flush) {
                flush();
            } else if (step instanceof Restart) {
                graphs = new ContentGraphs(K, 2, Integer.MAX_VALUE, store, true);
                interactions.keySet().forEach(pair -> graphs.link(pair.get(0), pair.get(1), true));
                features.forEach((item, vectors) ->
                        vectors.forEach((modality, vector) -> graphs.put(modality, item, Vectors.toArray(vector))));
            }
        }

        private void flush() {
            sent.clear();
            version++;
            graphs.flush(version, list -> {
                assertThat(list.getVersion()).isEqualTo(version);
                sent.add(list);
                String key = Keys.neighbors(list.getGraph(), list.getNode());
                NeighborList before = list.getNeighbors().isEmpty() ? published.remove(key) : published.put(key, list);
                assertThat(before == null ? List.of() : before.getNeighbors())
                        .as("%s before", key)
                        .isNotEqualTo(list.getNeighbors());
            });
            Map<String, List<NeighborList>> expected = BatchContent.all(List.copyOf(interactions.values()), items(), K);
            Map<String, List<NeighborList>> followed = new TreeMap<>();
            published.values().forEach(list -> followed.computeIfAbsent(list.getGraph(), graph -> new ArrayList<>())
                    .add(new NeighborList(list.getGraph(), list.getNode(), list.getNeighbors(), 0, 0L)));
            followed.values().forEach(lists -> lists.sort(Comparator.comparing(NeighborList::getNode)));
            assertThat(followed).isEqualTo(expected);
            for (String graph : graphs.names()) {
                Map<String, NeighborList> all = new TreeMap<>();
                graphs.forEach(graph, list -> all.put(Keys.neighbors(graph, list.getNode()), list));
                Map<String, NeighborList> wanted = new TreeMap<>(published);
                wanted.keySet().removeIf(key -> !key.startsWith(graph + ':'));
                assertThat(all).isEqualTo(wanted);
                assertThat(graphs.nodes(graph)).isEqualTo(all.size());
                assertThat(graphs.edges(graph))
                        .isEqualTo(all.values().stream()
                                .mapToLong(list -> list.getNeighbors().size())
                                .sum());
            }
            assertThat(graphs.meanCosines()).isEqualTo(BatchContent.meanCosines(items()));
            for (String graph : expected.keySet()) {
                assertThat(GraphNames.isItemContent(graph)
                                || GraphNames.isItemDenoised(graph)
                                || GraphNames.isUserProfile(graph))
                        .as(graph)
                        .isTrue();
            }
        }

        private List<Item> items() {
            List<Item> items = new ArrayList<>();
            features.forEach((item, vectors) -> items.add(
                    Item.newBuilder().setItem(item).setFeatures(vectors).build()));
            return items;
        }
    }

    private static final class Store implements ListStore {
        private final Map<List<String>, byte[]> lists = new HashMap<>();
        private int writes;

        @Override
        public void put(String graph, String id, byte[] bytes) {
            writes++;
            lists.put(List.of(graph, id), bytes);
        }

        @Override
        public void remove(String graph, String id) {
            writes++;
            lists.remove(List.of(graph, id));
        }

        @Override
        public void forEach(Visitor visitor) {
            lists.forEach((key, bytes) -> visitor.visit(key.get(0), key.get(1), bytes));
        }
    }

    /** Some on a grid, so that cosines tie and vectors of zeros occur. */
    private static float[] vector(int seed, int dimension) {
        Random random = new Random(seed);
        float[] vector = new float[dimension];
        for (int c = 0; c < dimension; c++) {
            vector[c] = seed % 2 == 0 ? random.nextInt(4) - 1 : (float) random.nextGaussian();
        }
        return vector;
    }
}

package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.inductive.NodeEncoder;
import dev.freshet.graph.inductive.NodeEncoder.Encoding;
import dev.freshet.graph.inductive.NodeEncoder.Peer;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.evaluation.FullRanking;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What serving makes of a node with {@link NodeEncoder}, beside what training made of it. */
class InductiveTest {

    private static final int USERS = 90;
    private static final int ITEMS = 60;
    /** Users and items at the end that training does not see. */
    private static final int FRESH = 12;

    private static final TrainingData ALL = PlantedData.of(USERS, ITEMS, 0, 8, 17);

    private static Settings settings(String preset, String... changes) {
        return Models.preset(Spumr.FACTORY, preset)
                .with("dimension", "16", "neighbors", "6", Settings.LEARNING_RATE, "0.01", Settings.BATCH, "128")
                .with(changes);
    }

    /** A trained model, and how it embeds one node. */
    private record Trained(TrainingData data, Embeddings embeddings, Inductive inductive, NodeEncoder encoder) {

        static Trained of(TrainingData data, Settings settings, int epochs) {
            try (Workers workers = new Workers(1);
                    Backend backend = new HostBackend(1);
                    Model model = Spumr.FACTORY.create(data, settings, backend, 1)) {
                assertThat(new Training(model, data.train(), settings, workers, 1).epochs(epochs, epoch -> {}))
                        .isTrue();
                Inductive inductive = model.inductive().orElseThrow();
                return new Trained(
                        data,
                        model.embed(),
                        inductive,
                        new NodeEncoder(inductive.experts(), settings.asMap(), inductive.parameters()));
            }
        }

        float[] vector(boolean user, int node) {
            int d = embeddings.dimension();
            return Arrays.copyOfRange(user ? embeddings.users() : embeddings.items(), node * d, (node + 1) * d);
        }

        float[] state(boolean user, int node) {
            int d = encoder.width();
            return Arrays.copyOfRange(user ? inductive.users() : inductive.items(), node * d, (node + 1) * d);
        }

        /** Neighbors of a node that training saw. */
        List<Peer> peers(NeighborGraph graph, int node, boolean users) {
            List<Peer> peers = new ArrayList<>();
            for (int e = graph.offsets()[node]; e < graph.offsets()[node + 1]; e++) {
                int other = graph.neighbors()[e];
                if (other < (users ? data.users() : data.items())) {
                    peers.add(new Peer(state(users, other), graph.weights()[e]));
                }
            }
            return peers;
        }

        /** The lists of a node in the graphs of some data. */
        Function<String, List<Peer>> lists(TrainingData graphs, int node) {
            return name -> {
                if (name.equals(GraphNames.ITEM_JACCARD)) {
                    return peers(graphs.itemJaccard(6), node, false);
                } else if (name.equals(GraphNames.USER_JACCARD)) {
                    return peers(graphs.userJaccard(6), node, true);
                } else if (GraphNames.isItemContent(name)) {
                    return peers(graphs.itemContent(GraphNames.modality(name), 6), node, false);
                }
                return peers(graphs.userProfile(GraphNames.modality(name), 6), node, true);
            };
        }

        Encoding item(int item, Function<String, List<Peer>> lists) {
            return encoder.item(
                    modality -> {
                        Features features = ALL.features().get(modality);
                        int d = features.dimension();
                        return Arrays.copyOfRange(features.values(), item * d, (item + 1) * d);
                    },
                    lists);
        }

        /** A user who has items that training saw. */
        Encoding user(int user, Function<String, List<Peer>> lists) {
            List<float[]> items = new ArrayList<>();
            for (int p = ALL.train().start(user); p < ALL.train().start(user + 1); p++) {
                if (ALL.train().item(p) < data.items()) {
                    items.add(state(false, ALL.train().item(p)));
                }
            }
            return encoder.user(items, lists);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "paper, neighbors=6",
        "live, neighbors=6",
        "best, kept-edges=0.5",
        "paper, gate-top-k=1",
        "paper, semantic-layers=0",
        "paper, collaborative-layers=2",
        "paper, collaborative-layers=0",
        "live, fusion=gated-concat",
        "live, score=cosine",
        "live, mean-head=residual",
        "live, fusion=mean"
    })
    void aNodeOfTheSnapshotIsWhatTrainingMadeOfIt(String preset, String change) {
        Trained trained = Trained.of(ALL, settings(preset, change.split("=", -1)), 1);
        Embeddings all = trained.embeddings();
        for (int node = 0; node < ITEMS; node++) {
            Function<String, List<Peer>> lists = trained.lists(ALL, node);
            Encoding user = trained.encoder().user(trained.state(true, node), lists.apply(GraphNames.USER_JACCARD));
            assertClose(user.vector(), trained.vector(true, node));
            NodeEncoder encoder = trained.encoder();
            Encoding item = encoder.encode(
                    encoder.collaborative(trained.state(false, node), lists.apply(GraphNames.ITEM_JACCARD)));
            assertClose(item.vector(), trained.vector(false, node));
            if (all.itemVariances() == null) {
                assertThat(item.variance()).isNull();
            } else {
                int d = all.dimension();
                assertClose(item.variance(), Arrays.copyOfRange(all.itemVariances(), node * d, (node + 1) * d));
            }
            if (all.itemWeights() == null) {
                assertThat(item.weights()).isNull();
            } else {
                int m = all.experts().size();
                assertClose(item.weights(), Arrays.copyOfRange(all.itemWeights(), node * m, (node + 1) * m));
            }
        }
    }

    /** With the paper's depth of three, a node's own features are 1/343 of it here; the rest is its neighbors. */
    @ParameterizedTest
    @CsvSource({"paper, 0.95", "live, 0.8"})
    void aNodeThatTrainingDoesNotKnowIsCloseToWhatItWouldHaveMadeOfIt(String preset, double least) {
        Trained trained = Trained.of(ALL, settings(preset), 20);
        double items = 0;
        double users = 0;
        double ranked = 0;
        for (int node = 0; node < ITEMS; node++) {
            Function<String, List<Peer>> lists = trained.lists(ALL, node);
            float[] item = trained.item(node, lists).vector();
            float[] user = trained.user(node, lists).vector();
            items += cosine(item, trained.vector(false, node)) / ITEMS;
            users += cosine(user, trained.vector(true, node)) / ITEMS;
            ranked += overlap(trained, user, trained.vector(true, node)) / ITEMS;
        }
        assertThat(items).as("items").isGreaterThan(least);
        assertThat(users).as("users").isGreaterThan(least);
        assertThat(ranked).as("first ten").isGreaterThan(.7);
    }

    /** Share of the first ten items of one vector that are among those of the other. */
    private static double overlap(Trained trained, float[] user, float[] other) {
        List<Integer> first = ranking(trained, user).subList(0, 10);
        List<Integer> second = ranking(trained, other).subList(0, 10);
        return first.stream().filter(second::contains).count() / 10.0;
    }

    private static List<Integer> ranking(Trained trained, float[] user) {
        return IntStream.range(0, trained.data().items())
                .boxed()
                .sorted((a, b) ->
                        Double.compare(dot(user, trained.vector(false, b)), dot(user, trained.vector(false, a))))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"paper", "live", "best"})
    void newItemsAndNewUsersAreBetterServedThanByPopularity(String preset) {
        Trained trained = Trained.of(seen(), settings(preset), 20);
        int knownItems = ITEMS - FRESH;
        int d = trained.embeddings().dimension();
        float[] items = Arrays.copyOf(trained.embeddings().items(), ITEMS * d);
        for (int item = knownItems; item < ITEMS; item++) {
            // Nobody had it yet: features, and neighbors by content.
            Function<String, List<Peer>> lists = trained.lists(ALL, item);
            Encoding fresh =
                    trained.item(item, name -> name.equals(GraphNames.ITEM_JACCARD) ? List.of() : lists.apply(name));
            System.arraycopy(fresh.vector(), 0, items, item * d, d);
        }
        float[] users = Arrays.copyOf(trained.embeddings().users(), USERS * d);
        for (int user = USERS - FRESH; user < USERS; user++) {
            System.arraycopy(trained.user(user, trained.lists(ALL, user)).vector(), 0, users, user * d, d);
        }
        Interactions before = among(0, USERS, 0, knownItems);
        Interactions newItems = among(0, USERS, knownItems, ITEMS);
        try (Workers workers = new Workers(1)) {
            Embeddings all = Embeddings.of(d, users, items);
            assertThat(FullRanking.measure(all, before, newItems, workers)
                            .metrics()
                            .values()
                            .get("recall@20"))
                    .as("new items")
                    .isGreaterThan(2
                            * FullRanking.popularity(before, newItems, workers)
                                    .values()
                                    .get("recall@20"))
                    .isGreaterThan(.5);
            // New users: what they take to, judged by the items of their group that they do not have.
            double right = 0;
            for (int user = USERS - FRESH; user < USERS; user++) {
                int of = user;
                float[] vector = Arrays.copyOfRange(users, user * d, (user + 1) * d);
                right += ranking(trained, vector).stream()
                                .filter(item -> !ALL.train().contains(of, item))
                                .limit(10)
                                .filter(item -> PlantedData.group(item) == PlantedData.group(of))
                                .count()
                        / 10.0
                        / FRESH;
            }
            // A third by popularity, which does not tell them apart.
            assertThat(right).as("new users").isGreaterThan(.7);
        }
    }

    /** The data without the users and items at the end. */
    private static TrainingData seen() {
        int items = ITEMS - FRESH;
        int[] pairs = IntStream.range(0, ALL.train().size())
                .filter(p -> ALL.train().item(p) < items && ALL.train().userOfEach()[p] < USERS - FRESH)
                .toArray();
        Map<String, Features> features = new TreeMap<>();
        ALL.features()
                .forEach((modality, vectors) -> features.put(
                        modality,
                        Features.of(
                                vectors.dimension(), Arrays.copyOf(vectors.values(), items * vectors.dimension()))));
        return new TrainingData(
                Interactions.of(
                        Arrays.stream(pairs)
                                .map(p -> ALL.train().userOfEach()[p])
                                .toArray(),
                        Arrays.stream(pairs).map(ALL.train()::item).toArray(),
                        USERS - FRESH,
                        items),
                features,
                new HashMap<>(),
                1);
    }

    /** Pairs of some items, over all users and items. */
    private static Interactions among(int fromUser, int toUser, int fromItem, int toItem) {
        int[] userOf = ALL.train().userOfEach();
        int[] pairs = IntStream.range(0, userOf.length)
                .filter(p -> userOf[p] >= fromUser && userOf[p] < toUser)
                .filter(p -> ALL.train().item(p) >= fromItem && ALL.train().item(p) < toItem)
                .toArray();
        return Interactions.of(
                Arrays.stream(pairs).map(p -> userOf[p]).toArray(),
                Arrays.stream(pairs).map(ALL.train()::item).toArray(),
                USERS,
                ITEMS);
    }

    @Test
    void whatDoesNotFitIsRefusedInOneLine() {
        Map<String, String> settings = settings("paper").asMap();
        assertThatThrownBy(() -> new NodeEncoder(List.of("image"), settings, Map.of("project.image", new float[16][7])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the parameter content.mean.in is missing");
        assertThatThrownBy(() -> new NodeEncoder(List.of("image"), settings, Map.of("project.image", new float[15][7])))
                .hasMessage("the parameter project.image has 15 rows; it must have 16");
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int k = 0; k < a.length; k++) {
            sum += (double) a[k] * b[k];
        }
        return sum;
    }

    private static double cosine(float[] a, float[] b) {
        return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    }

    private static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(1e-4f * Math.max(1, Math.abs(expected[i]))));
        }
    }
}

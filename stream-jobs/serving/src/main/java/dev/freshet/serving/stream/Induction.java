package dev.freshet.serving.stream;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.inductive.NodeEncoder;
import dev.freshet.graph.inductive.NodeEncoder.Encoding;
import dev.freshet.graph.inductive.NodeEncoder.Peer;
import dev.freshet.schema.Neighbor;
import dev.freshet.serving.score.ArrivedItem;
import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.FoldIn.Origin;
import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Taste;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * What a model makes of a node by the live graphs: with a {@link NodeEncoder}, where it is inductive. What was erased has no part
 * in it. Thread-safe.
 */
final class Induction {

    /** Neighbors whose mean an item is, of a model that is not inductive. */
    private static final int NEIGHBORS = 10;

    private final ServingContext serving;

    Induction(ServingContext serving) {
        this.serving = serving;
    }

    /**
     * The vector that a user's is folded from: the trained one as long as nothing has happened since, else what the model makes of the user by the neighbors of
     * today, where it is inductive and has a say.
     *
     * @return null where there is none
     */
    FoldIn.Vector start(Model model, String user, boolean mayUseTrained, Taste taste) {
        float[] trained = mayUseTrained ? model.user(user) : null;
        NodeEncoder encoder = model.encoder();
        if (encoder == null) {
            return trained == null ? null : new FoldIn.Vector(trained, Origin.TRAINED);
        }
        if (trained != null) {
            boolean active = taste.likes().stream().anyMatch(like -> model.cut().precedes(like.stamp()));
            List<Peer> peers = active ? users(model, GraphNames.USER_JACCARD, user) : List.of();
            Encoding encoding = peers.isEmpty() ? null : encoder.user(model.userState(user), peers);
            return isFinite(encoding)
                    ? new FoldIn.Vector(encoding.vector(), Origin.REFRESHED)
                    : new FoldIn.Vector(trained, Origin.TRAINED);
        }
        List<float[]> items = taste.likes().stream()
                .limit(FoldIn.MAX_ITEMS)
                .map(HistoryItem::item)
                .map(item -> state(model, item))
                .filter(Objects::nonNull)
                .toList();
        Encoding encoding = encoder.user(items, graph -> users(model, graph, user));
        return isFinite(encoding) && !taste.likes().isEmpty()
                ? new FoldIn.Vector(encoding.vector(), Origin.INDUCTIVE)
                : null;
    }

    /**
     * An item that training did not see; null where nothing is known of it that has a place in the model. Features may be as large as
     * numbers go: what they lead to beyond them is no place either.
     */
    ArrivedItem item(Model model, String item) {
        if (serving.catalogue().erased(item)) {
            return null;
        }
        NodeEncoder encoder = model.encoder();
        if (encoder == null) {
            float[] mean = meanOfNeighbors(model, item);
            return mean == null ? null : ArrivedItem.ofNeighbors(mean);
        }
        Map<String, float[]> features = serving.catalogue().features(item);
        Encoding encoding = encoder.item(
                features::get, graph -> items(model, graph, item, other -> state(model, other), encoder.neighbors()));
        return isFinite(encoding) ? ArrivedItem.of(encoding) : null;
    }

    /** Whether scores with it are numbers: the squared length is one, and so is what else it says. */
    private static boolean isFinite(Encoding encoding) {
        return encoding != null
                && isFinite(encoding.vector())
                && isFinite(encoding.weights())
                && isFinite(encoding.variance());
    }

    private static boolean isFinite(float[] values) {
        float squares = 0;
        for (int k = 0; values != null && k < values.length; k++) {
            squares += values[k] * values[k];
        }
        return Float.isFinite(squares);
    }

    private float[] state(Model model, String item) {
        return serving.mayUseTrainedItem(model, item) ? model.itemState(item) : null;
    }

    /** A user's neighbors; none of one whose lists may be from before an erasure. */
    private List<Peer> users(Model model, String graph, String user) {
        return serving.mayUseTrained(model, user)
                ? peers(
                        graph,
                        user,
                        other -> serving.mayUseTrained(model, other) ? model.userState(other) : null,
                        model.encoder().neighbors())
                : List.of();
    }

    /** An item's neighbors, as of {@link #users}. */
    private List<Peer> items(Model model, String graph, String item, Function<String, float[]> states, int most) {
        return serving.mayUseTrainedItem(model, item) ? peers(graph, item, states, most) : List.of();
    }

    /** The nearest neighbors of a node that have a state, at most so many. */
    private List<Peer> peers(String graph, String node, Function<String, float[]> states, int most) {
        List<Peer> peers = new ArrayList<>();
        serving.catalogue().neighbors(graph, node).ifPresent(list -> {
            for (Neighbor neighbor : list.getNeighbors()) {
                if (peers.size() == most) {
                    break;
                }
                float[] state = states.apply(neighbor.getId());
                if (state != null) {
                    peers.add(new Peer(state, neighbor.getWeight()));
                }
            }
        });
        return peers;
    }

    /** The mean of the vectors of the neighbors that people have together with the item, weighted by similarity; else of those by content. */
    private float[] meanOfNeighbors(Model model, String item) {
        Function<String, float[]> vectors = other -> {
            int row = serving.mayUseTrainedItem(model, other) ? model.items().row(other) : -1;
            return row < 0 ? null : model.items().vector(row);
        };
        List<Peer> peers = items(model, GraphNames.ITEM_JACCARD, item, vectors, NEIGHBORS);
        if (peers.isEmpty()) {
            for (String graph : serving.catalogue().graphs().keySet()) {
                if (GraphNames.isItemContent(graph)) {
                    peers.addAll(items(model, graph, item, vectors, NEIGHBORS));
                }
            }
        }
        double weight = 0;
        double[] sum = new double[model.release().getDimension()];
        for (Peer peer : peers.subList(0, Math.min(NEIGHBORS, peers.size()))) {
            double of = Math.max(0, peer.weight());
            weight += of;
            for (int d = 0; d < sum.length; d++) {
                sum[d] += of * peer.state()[d];
            }
        }
        if (weight == 0) {
            return null;
        }
        float[] mean = new float[sum.length];
        for (int d = 0; d < mean.length; d++) {
            mean[d] = (float) (sum[d] / weight);
        }
        return isFinite(mean) ? mean : null;
    }
}

package dev.freshet.serving.http;

import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.ItemVectors;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.ServingContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Neighbors of a node as answers show them: from a live graph, or by the vectors of the model in force. */
final class NeighborAnswers {

    /** The name under which neighbors by the model's vectors are asked for. */
    static final String EMBEDDING = "embedding";

    private static final Comparator<Neighbor> BEST_FIRST =
            Comparator.comparingDouble(Neighbor::getWeight).reversed().thenComparing(Neighbor::getId);

    private final ServingContext serving;

    NeighborAnswers(ServingContext serving) {
        this.serving = serving;
    }

    /** The name of a graph of these nodes; anything else is a bad request. */
    String graph(Nodes nodes, String graph) {
        Set<String> allowed = nodes.in(serving);
        if (!allowed.contains(graph)) {
            throw ProblemException.badRequest("graph is " + Requests.shortened(graph) + "; it may be "
                    + String.join(", ", allowed) + ", " + EMBEDDING);
        }
        return graph;
    }

    /** The neighbors of a node in a live graph; a node that is known and has none has an empty list. */
    Answers.NeighborsView inGraph(Nodes nodes, String graph, String node, int k) {
        Optional<NeighborList> found = serving.catalogue().neighbors(graph(nodes, graph), node);
        if (found.isEmpty() && !nodes.known().test(node)) {
            throw ProblemException.notFound("no " + nodes.kind() + " " + node + " is known");
        }
        NeighborList list = found.orElseGet(() -> new NeighborList(graph, node, List.of(), 0, 0L));
        return new Answers.NeighborsView(
                graph, node, list.getDegree(), list.getVersion(), null, views(nodes, list.getNeighbors(), k));
    }

    /** The users whose trained vectors are nearest to a user's vector, refreshed as it is. */
    Answers.NeighborsView ofUser(Nodes users, String user, float[] vector, Model model, int k) {
        return byVector(
                users,
                user,
                vector,
                model,
                k,
                model::forEachUser,
                other -> serving.users().contains(other) && serving.mayUseTrained(model, other));
    }

    /** The items whose vectors are nearest to an item's. */
    Answers.NeighborsView ofItem(Nodes items, String item, Model model, int k) {
        ItemVectors vectors = model.vectors();
        int row = vectors.row(item);
        if (row < 0) {
            throw ProblemException.notFound("the model in force has no vector of item " + item);
        }
        return byVector(
                items,
                item,
                vectors.vector(row),
                model,
                k,
                each -> {
                    for (int other = 0; other < vectors.size(); other++) {
                        each.accept(vectors.id(other), vectors.vector(other));
                    }
                },
                items.shown());
    }

    private static Answers.NeighborsView byVector(
            Nodes nodes,
            String node,
            float[] vector,
            Model model,
            int k,
            Consumer<BiConsumer<String, float[]>> all,
            Predicate<String> shown) {
        PriorityQueue<Neighbor> best = new PriorityQueue<>(BEST_FIRST.reversed());
        double length = FoldIn.norm(vector);
        all.accept((id, other) -> {
            Neighbor candidate = new Neighbor(id, cosine(vector, length, other));
            boolean enters = best.size() < k || BEST_FIRST.compare(candidate, best.peek()) < 0;
            if (enters && !id.equals(node) && shown.test(id)) {
                best.add(candidate);
                if (best.size() > k) {
                    best.poll();
                }
            }
        });
        List<Neighbor> nearest = new ArrayList<>(best);
        nearest.sort(BEST_FIRST);
        return new Answers.NeighborsView(EMBEDDING, node, 0, 0, model.version(), views(nodes, nearest, k));
    }

    private static double cosine(float[] a, double lengthOfA, float[] b) {
        double product = 0;
        double squares = 0;
        for (int d = 0; d < a.length; d++) {
            product += (double) a[d] * b[d];
            squares += (double) b[d] * b[d];
        }
        double lengths = lengthOfA * Math.sqrt(squares);
        return lengths > 0 ? product / lengths : 0;
    }

    private static List<Answers.NeighborView> views(Nodes nodes, List<Neighbor> neighbors, int k) {
        List<Answers.NeighborView> views = new ArrayList<>();
        for (Neighbor neighbor : neighbors) {
            if (views.size() < k && nodes.shown().test(neighbor.getId())) {
                Answers.ItemView view = nodes.describe().apply(neighbor.getId());
                views.add(new Answers.NeighborView(
                        neighbor.getId(), view.title(), view.imageUrl(), neighbor.getWeight()));
            }
        }
        return views;
    }
}

package dev.freshet.serving.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.serving.stream.ServingContext;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The live graphs: how their degrees and similarities are distributed, and what lies around a node. */
final class GraphRoutes {

    /** Reading all lists of a graph is work: an answer serves all who ask for a while. */
    private static final Duration SHAPE_KEPT = Duration.ofSeconds(20);

    private static final Parameter<String> GRAPH = Parameter.name("graph", "the graph, such as item-jaccard");
    private static final Parameter<String> NODE = Parameter.queryId("node", "the user or item to start from");
    private static final Parameter<Integer> HOPS = Parameter.number("hops", 2, 1, 3, "steps");
    private static final Parameter<Integer> K = Parameter.number("k", 8, 1, 50, "neighbors of a node, at most");
    private static final Parameter<Integer> LIMIT = Parameter.number("limit", 120, 2, 400, "nodes, at most");

    private final ServingContext serving;
    private final Nodes items;
    private final Nodes users;
    private final Cache<String, Answers.GraphShape> shapes =
            Caffeine.newBuilder().expireAfterWrite(SHAPE_KEPT).maximumSize(100).build();

    GraphRoutes(ServingContext serving, ItemViews views) {
        this.serving = serving;
        this.items = Nodes.items(views);
        this.users = Nodes.users(serving);
    }

    void register(Routes.Section routes, Access access) {
        routes.get("/v1/graphs/{graph}", "How a live graph is made: degrees and weights")
                .with(GRAPH)
                .answers(Answers.GraphShape.class)
                .problems(404)
                .by(access.whole(this::shape));
        routes.get("/v1/graphs/{graph}/neighborhood", "What is at most so many steps away from a node")
                .with(GRAPH, NODE, HOPS, K, LIMIT)
                .answers(Answers.NeighborhoodView.class)
                .problems(404)
                .by(access.whole(this::neighborhood));
    }

    private Nodes nodes(String graph) {
        if (items.in(serving).contains(graph)) {
            return items;
        }
        if (users.in(serving).contains(graph)) {
            return users;
        }
        throw ProblemException.notFound("there is no graph " + Requests.shortened(graph) + "; there are "
                + String.join(", ", items.in(serving)) + ", " + String.join(", ", users.in(serving)));
    }

    private void shape(Context ctx) {
        String graph = GRAPH.of(ctx);
        String kind = nodes(graph).kind();
        ctx.json(shapes.get(graph, name -> {
            GraphShapeBuilder builder = new GraphShapeBuilder();
            serving.catalogue().forEachList(name, GraphShapeBuilder.MAX_LISTS, builder::add);
            return builder.build(name, kind);
        }));
    }

    /** What is at most so many steps away, nearest first, until there are enough nodes. */
    private void neighborhood(Context ctx) {
        String graph = GRAPH.of(ctx);
        Nodes nodes = nodes(graph);
        String start = NODE.of(ctx);
        int hops = HOPS.of(ctx);
        int k = K.of(ctx);
        int limit = LIMIT.of(ctx);
        if (!nodes.known().test(start)
                && serving.catalogue().neighbors(graph, start).isEmpty()) {
            throw ProblemException.notFound("no " + nodes.kind() + " " + start + " is known");
        }
        Map<String, Answers.GraphNode> found = new LinkedHashMap<>();
        List<Answers.GraphEdge> edges = new ArrayList<>();
        List<String> front = List.of(start);
        found.put(start, node(nodes, start, 0, list(graph, start)));
        for (int hop = 1; hop <= hops; hop++) {
            List<String> next = new ArrayList<>();
            for (String from : front) {
                int shown = 0;
                for (Neighbor neighbor : list(graph, from).getNeighbors()) {
                    String to = neighbor.getId();
                    if (shown == k || !nodes.shown().test(to)) {
                        continue;
                    }
                    shown++;
                    if (!found.containsKey(to)) {
                        if (found.size() == limit) {
                            continue;
                        }
                        found.put(to, node(nodes, to, hop, list(graph, to)));
                        next.add(to);
                    }
                    edges.add(new Answers.GraphEdge(from, to, neighbor.getWeight()));
                }
            }
            front = next;
        }
        ctx.json(new Answers.NeighborhoodView(graph, nodes.kind(), start, List.copyOf(found.values()), edges));
    }

    private NeighborList list(String graph, String node) {
        return serving.catalogue()
                .neighbors(graph, node)
                .orElseGet(() -> new NeighborList(graph, node, List.of(), 0, 0L));
    }

    private static Answers.GraphNode node(Nodes nodes, String id, int hops, NeighborList list) {
        Answers.ItemView view = nodes.describe().apply(id);
        return new Answers.GraphNode(id, view.title(), view.imageUrl(), hops, list.getDegree());
    }
}

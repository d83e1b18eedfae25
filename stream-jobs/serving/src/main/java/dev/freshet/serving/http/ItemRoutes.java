package dev.freshet.serving.http;

import dev.freshet.serving.score.ItemFacts;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Popularity;
import dev.freshet.serving.stream.ServingContext;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Items: which there are, what is known of one, what is near it. */
final class ItemRoutes {

    /** A search looks at so many items, the most popular; no index is kept for it. */
    private static final int MAX_SEARCHED = 20_000;

    private static final Popularity.Entry BEFORE_ALL = new Popularity.Entry("", Long.MAX_VALUE);

    private static final Parameter<String> ITEM = Parameter.id("item", "the item's id");
    private static final Parameter<String> QUERY =
            Parameter.text("query", "what the id starts with, or the title contains; case does not count in titles");
    private static final Parameter<Integer> LIMIT =
            Parameter.number("limit", 20, 1, Requests.MAX_LIMIT, "how many, at most");
    private static final Parameter<Optional<Cursor>> AFTER = Parameter.after();
    private static final Parameter<Optional<String>> GRAPH =
            Parameter.optionalId("graph", "the graph, or embedding; by default item-jaccard");
    private static final Parameter<Optional<String>> ARM = Parameter.optionalId(
            "arm", "the arm whose model is meant, with embedding; by default that with the most users");
    private static final Parameter<Integer> K = Parameter.number("k", 10, 1, Requests.MAX_LIMIT, "neighbors, at most");
    private static final Parameter<Integer> SIDE_K =
            Parameter.number("k", 10, 1, 100, "neighbors in each graph, at most");

    private final ServingContext serving;
    private final ItemViews items;
    private final NeighborAnswers neighbors;
    private final ItemEvidence evidence;
    private final Nodes nodes;

    ItemRoutes(ServingContext serving, ItemViews items) {
        this.serving = serving;
        this.items = items;
        this.neighbors = new NeighborAnswers(serving);
        this.nodes = Nodes.items(items);
        this.evidence = new ItemEvidence(serving.catalogue()::neighbors, nodes);
    }

    void register(Routes.Section routes, Access access) {
        routes.get("/v1/popular", "The most popular items: what to offer to a stranger")
                .with(LIMIT, AFTER)
                .answers(Answers.PopularView.class)
                .by(access.whole(this::popular));
        routes.get("/v1/items", "Items that anyone has, most popular first")
                .with(QUERY, LIMIT, AFTER)
                .answers(Answers.ItemsView.class)
                .by(access.whole(this::search));
        routes.get("/v1/items/{item}", "What is known of an item")
                .with(ITEM)
                .answers(Answers.ItemDetail.class)
                .problems(404)
                .by(access.whole(this::item));
        routes.get("/v1/items/{item}/similar", "The neighbors of an item in a graph, or by its vector")
                .with(ITEM, GRAPH, ARM, K)
                .answers(Answers.NeighborsView.class)
                .problems(404)
                .by(access.whole(this::similar));
        routes.get("/v1/items/{item}/graphs", "The neighbors of an item in all graphs, side by side")
                .with(ITEM, SIDE_K)
                .answers(Answers.ItemGraphsView.class)
                .problems(404)
                .by(access.whole(this::graphs));
    }

    private void popular(Context ctx) {
        int limit = LIMIT.of(ctx);
        Popularity.Entry last = after(ctx);
        List<Answers.PopularItem> popular = new ArrayList<>();
        String next = null;
        // From the top, whatever the page: a rank is a place among all.
        int rank = 0;
        for (Popularity.Entry entry : serving.popularity()) {
            if (!items.shown(entry.item())) {
                continue;
            }
            rank++;
            if (entry.compareTo(last) > 0) {
                if (popular.size() == limit) {
                    next = new Cursor(last.users(), last.item()).text();
                    break;
                }
                last = entry;
                Answers.ItemView item = items.of(entry.item());
                popular.add(new Answers.PopularItem(rank, item.item(), item.title(), item.imageUrl(), entry.users()));
            }
        }
        ctx.json(new Answers.PopularView(popular, next));
    }

    /** Behind which item the answer begins. */
    private static Popularity.Entry after(Context ctx) {
        return AFTER.of(ctx)
                .map(cursor -> new Popularity.Entry(cursor.id(), cursor.rank()))
                .orElse(BEFORE_ALL);
    }

    /** The item of this very id, then those that anyone has, most popular first. */
    private void search(Context ctx) {
        String query = QUERY.of(ctx).strip();
        int limit = LIMIT.of(ctx);
        Popularity.Entry last = after(ctx);
        List<Answers.FoundItem> found = new ArrayList<>();
        if (last.equals(BEFORE_ALL) && !query.isEmpty() && items.known(query)) {
            found.add(found(query, serving.popularity().users(query)));
        }
        String words = query.toLowerCase(Locale.ROOT);
        Iterator<Popularity.Entry> entries = serving.popularity().after(last);
        for (int looked = 0; entries.hasNext() && found.size() < limit && looked < MAX_SEARCHED; looked++) {
            Popularity.Entry entry = entries.next();
            last = entry;
            Answers.ItemView view = items.of(entry.item());
            boolean matches = entry.item().startsWith(query)
                    || (view.title() != null
                            && view.title().toLowerCase(Locale.ROOT).contains(words));
            if (matches && !entry.item().equals(query)) {
                found.add(found(entry.item(), entry.users()));
            }
        }
        String next = entries.hasNext() ? new Cursor(last.users(), last.item()).text() : null;
        ctx.json(new Answers.ItemsView(found, next));
    }

    private Answers.FoundItem found(String id, long users) {
        Answers.ItemView view = items.of(id);
        return new Answers.FoundItem(id, view.title(), view.imageUrl(), view.available(), users);
    }

    private void item(Context ctx) {
        String id = known(ctx);
        Answers.ItemView view = items.of(id);
        ctx.json(new Answers.ItemDetail(
                id,
                view.title(),
                view.imageUrl(),
                serving.catalogue()
                        .item(id)
                        .map(item -> (Map<String, String>) new TreeMap<>(item.getAttributes()))
                        .orElse(Map.of()),
                view.available(),
                serving.catalogue().erased(id),
                serving.popularity().users(id),
                items.inModel(id),
                embeddings(id)));
    }

    private List<Answers.ItemEmbeddingView> embeddings(String id) {
        List<Answers.ItemEmbeddingView> embeddings = new ArrayList<>();
        for (int arm = 0; arm < serving.split().arms().size(); arm++) {
            Model model = serving.inForce(arm);
            ItemFacts facts = model == null ? null : model.facts(id);
            if (facts != null) {
                embeddings.add(new Answers.ItemEmbeddingView(
                        serving.split().arms().get(arm).name(),
                        model.version(),
                        facts.origin().name().toLowerCase(Locale.ROOT),
                        facts.modalityWeights(),
                        facts.uncertainty()));
            }
        }
        return embeddings;
    }

    private String known(Context ctx) {
        String id = ITEM.of(ctx);
        if (!items.known(id)) {
            throw ProblemException.notFound("no item " + id + " is known: it has no record and nobody has it");
        }
        return id;
    }

    private void similar(Context ctx) {
        String item = ITEM.of(ctx);
        String graph = GRAPH.of(ctx).orElse(nodes.graphs().get(0));
        int k = K.of(ctx);
        if (!graph.equals(NeighborAnswers.EMBEDDING)) {
            ctx.json(neighbors.inGraph(nodes, graph, item, k));
            return;
        }
        Model model = model(ctx);
        if (model == null) {
            throw ProblemException.notFound("there is no model yet, and so no vectors");
        }
        ctx.json(neighbors.ofItem(nodes, item, model, k));
    }

    /** The model in force of the arm that is named, by default of that with the most users. */
    private Model model(Context ctx) {
        Optional<String> named = ARM.of(ctx);
        if (named.isEmpty()) {
            return serving.model();
        }
        String arm = named.get();
        int at = serving.split().indexOf(arm);
        if (at < 0) {
            throw ProblemException.badRequest(
                    "arm is " + Requests.shortened(arm) + "; users are split as " + serving.split());
        }
        return serving.inForce(at);
    }

    private void graphs(Context ctx) {
        String item = known(ctx);
        int k = SIDE_K.of(ctx);
        ctx.json(evidence.of(item, nodes.in(serving), k));
    }
}

package dev.freshet.serving.http;

import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Popularity;
import dev.freshet.serving.stream.ServingContext;
import io.javalin.Javalin;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Items: which there are, what is known of one, what is near it. */
final class ItemRoutes {

    /** A search looks at so many items, the most popular; no index is kept for it. */
    private static final int MAX_SEARCHED = 20_000;

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

    void register(Javalin javalin, Access access) {
        javalin.get("/v1/popular", access.whole(this::popular));
        javalin.get("/v1/items", access.whole(this::search));
        javalin.get("/v1/items/{item}", access.whole(this::item));
        javalin.get("/v1/items/{item}/similar", access.whole(this::similar));
        javalin.get("/v1/items/{item}/graphs", access.whole(this::graphs));
    }

    private void popular(Context ctx) {
        int limit = Requests.number(ctx, "limit", 20, 1, Requests.MAX_LIMIT);
        List<Answers.PopularItem> popular = new ArrayList<>();
        for (Popularity.Entry entry : serving.popularity()) {
            if (popular.size() == limit) {
                break;
            }
            if (items.shown(entry.item())) {
                Answers.ItemView item = items.of(entry.item());
                popular.add(new Answers.PopularItem(
                        popular.size() + 1, item.item(), item.title(), item.imageUrl(), entry.users()));
            }
        }
        ctx.json(new Answers.PopularView(popular));
    }

    /** The item of this very id, then those that anyone has, most popular first. */
    private void search(Context ctx) {
        String query = Requests.text(ctx, "query").strip();
        int limit = Requests.number(ctx, "limit", 20, 1, Requests.MAX_LIMIT);
        List<Answers.FoundItem> found = new ArrayList<>();
        if (!query.isEmpty() && items.known(query)) {
            found.add(found(query, serving.popularity().users(query)));
        }
        String words = query.toLowerCase(Locale.ROOT);
        int looked = 0;
        for (Popularity.Entry entry : serving.popularity()) {
            if (found.size() == limit || looked++ == MAX_SEARCHED) {
                break;
            }
            Answers.ItemView view = items.of(entry.item());
            boolean matches = entry.item().startsWith(query)
                    || (view.title() != null
                            && view.title().toLowerCase(Locale.ROOT).contains(words));
            if (matches && !entry.item().equals(query)) {
                found.add(found(entry.item(), entry.users()));
            }
        }
        ctx.json(new Answers.ItemsView(found));
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
                items.inModel(id)));
    }

    private String known(Context ctx) {
        String id = Requests.id(ctx, "item");
        if (!items.known(id)) {
            throw ProblemException.notFound("no item " + id + " is known: it has no record and nobody has it");
        }
        return id;
    }

    private void similar(Context ctx) {
        String item = Requests.id(ctx, "item");
        String graph = Optional.ofNullable(ctx.queryParam("graph"))
                .orElse(nodes.graphs().get(0));
        int k = Requests.number(ctx, "k", 10, 1, Requests.MAX_LIMIT);
        if (!graph.equals(NeighborAnswers.EMBEDDING)) {
            ctx.json(neighbors.inGraph(nodes, graph, item, k));
            return;
        }
        Model model = serving.model();
        if (model == null) {
            throw ProblemException.notFound("there is no model yet, and so no vectors");
        }
        ctx.json(neighbors.ofItem(nodes, item, model, k));
    }

    private void graphs(Context ctx) {
        String item = known(ctx);
        int k = Requests.number(ctx, "k", 10, 1, 100);
        ctx.json(evidence.of(item, nodes.in(serving), k));
    }
}

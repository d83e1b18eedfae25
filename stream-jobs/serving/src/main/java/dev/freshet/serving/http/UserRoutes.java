package dev.freshet.serving.http;

import dev.freshet.schema.Reason;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.ServingContext;
import dev.freshet.serving.stream.UserProfile;
import io.javalin.Javalin;
import io.javalin.http.Context;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Users: who there is, what they did, what they get, who is like them. */
final class UserRoutes {

    private final ServingContext serving;
    private final Stores stores;
    private final ItemViews items;
    private final NeighborAnswers neighbors;
    private final Nodes nodes;

    UserRoutes(ServingContext serving, Stores stores, ItemViews items) {
        this.serving = serving;
        this.stores = stores;
        this.items = items;
        this.neighbors = new NeighborAnswers(serving);
        this.nodes = Nodes.users(serving);
    }

    void register(Javalin javalin, Access access) {
        javalin.get("/v1/recommendations/{user}", access.ofUser(this::recommendations));
        javalin.get("/v1/users", this::search);
        javalin.get("/v1/users/{user}", access.ofUser(this::user));
        javalin.get("/v1/users/{user}/similar", access.whole(access.ofUser(this::similar)));
    }

    private void recommendations(Context ctx, String user) {
        int limit = Requests.number(ctx, "limit", Requests.MAX_LIMIT, 1, Requests.MAX_LIMIT);
        Recommendations list = list(ctx, user);
        List<Answers.RecommendedView> recommended = new ArrayList<>();
        for (RecommendedItem entry : list.getItems()) {
            // An item withdrawn a moment ago: the list is about to be scored anew.
            if (recommended.size() < limit && items.shown(entry.getItem())) {
                Answers.ItemView item = items.of(entry.getItem());
                recommended.add(new Answers.RecommendedView(
                        recommended.size() + 1,
                        item.item(),
                        item.title(),
                        item.imageUrl(),
                        entry.getScore(),
                        entry.getReasons().stream().map(this::reason).toList()));
            }
        }
        ctx.json(new Answers.RecommendationsView(
                user,
                list.getModelVersion(),
                list.getGraphVersion(),
                list.getGeneratedAt(),
                list.getCausedBy(),
                recommended));
    }

    /** The list that was published last, or where the request narrows it down, one as of now. */
    private Recommendations list(Context ctx, String user) {
        ItemFilter filter = filter(ctx);
        if (filter.isEmpty()) {
            return stores.recommendations(user).orElseThrow(() -> unknown(user));
        }
        UserProfile profile = stores.profile(user).orElseThrow(() -> unknown(user));
        int size = Requests.number(ctx, "limit", serving.size(), 1, Requests.MAX_LIMIT);
        return serving.ranking().filtered(user, profile, stores::pair, filter, size);
    }

    private static ItemFilter filter(Context ctx) {
        for (String name : List.of("allow", "deny", "hide")) {
            if (ctx.queryParams(name).size() > Requests.MAX_LIMIT) {
                throw ProblemException.badRequest(name + " is given more than " + Requests.MAX_LIMIT + " times");
            }
        }
        try {
            return ItemFilter.of(ctx.queryParams("allow"), ctx.queryParams("deny"), ctx.queryParams("hide"));
        } catch (IllegalArgumentException e) {
            throw ProblemException.badRequest("allow and deny: " + e.getMessage());
        }
    }

    private Answers.ReasonView reason(Reason reason) {
        String title =
                reason.getItem() == null ? null : items.of(reason.getItem()).title();
        return new Answers.ReasonView(reason.getKind(), reason.getItem(), title, reason.getWeight());
    }

    private void user(Context ctx, String user) {
        UserProfile profile = stores.profile(user).orElseThrow(() -> unknown(user));
        List<Answers.HistoryView> history = new ArrayList<>();
        for (HistoryItem entry : profile.recent()) {
            Answers.ItemView item = items.of(entry.item());
            history.add(new Answers.HistoryView(
                    item.item(),
                    item.title(),
                    item.imageUrl(),
                    item.available(),
                    entry.action(),
                    entry.weight(),
                    Instant.ofEpochMilli(entry.stamp().eventTime())));
        }
        ctx.json(new Answers.UserView(
                user, Instant.ofEpochMilli(profile.lastActivity()), profile.live(), embedding(user, profile), history));
    }

    private Answers.EmbeddingView embedding(String user, UserProfile profile) {
        Model model = serving.model();
        FoldIn.Vector vector = model == null ? null : serving.vector(model, user, profile);
        return vector == null
                ? null
                : new Answers.EmbeddingView(
                        model.version(),
                        vector.origin().name().toLowerCase(Locale.ROOT),
                        vector.values().length,
                        FoldIn.norm(vector.values()));
    }

    private void search(Context ctx) {
        String prefix = Requests.text(ctx, "prefix");
        int limit = Requests.number(ctx, "limit", 20, 1, Requests.MAX_LIMIT);
        ctx.json(new Answers.UsersView(serving.users().search(prefix, limit).stream()
                .map(entry -> new Answers.UserEntry(entry.user(), Instant.ofEpochMilli(entry.lastActivity())))
                .toList()));
    }

    private void similar(Context ctx, String user) {
        String graph = Optional.ofNullable(ctx.queryParam("graph"))
                .orElse(nodes.graphs().get(0));
        int k = Requests.number(ctx, "k", 10, 1, Requests.MAX_LIMIT);
        if (!graph.equals(NeighborAnswers.EMBEDDING)) {
            ctx.json(neighbors.inGraph(nodes, graph, user, k));
            return;
        }
        UserProfile profile = stores.profile(user).orElseThrow(() -> unknown(user));
        Model model = serving.model();
        FoldIn.Vector vector = model == null ? null : serving.vector(model, user, profile);
        if (vector == null) {
            throw ProblemException.notFound("user " + user + " has no vector yet: "
                    + (model == null ? "there is no model" : "the model knows none of their items"));
        }
        ctx.json(neighbors.ofUser(nodes, user, vector.values(), model, k));
    }

    private static ProblemException unknown(String user) {
        return ProblemException.notFound("no user " + user
                + " is known: no interaction of theirs has come in; /v1/popular has what to offer to a stranger");
    }
}

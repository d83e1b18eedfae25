package dev.freshet.serving.http;

import dev.freshet.schema.Reason;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Stamp;
import dev.freshet.serving.stream.ServingContext;
import dev.freshet.serving.stream.UserIndex;
import dev.freshet.serving.stream.UserProfile;
import io.javalin.http.Context;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;

/** Users: who there is, what they did, what they get, who is like them. */
final class UserRoutes {

    private static final Parameter<Optional<Integer>> SIZE =
            Parameter.number("limit", 1, Requests.MAX_LIMIT, "how many, at most; by default all of the list");
    private static final Parameter<List<String>> ALLOW =
            Parameter.texts("allow", "ATTRIBUTE:VALUE that items must have, one of each attribute that is named");
    private static final Parameter<List<String>> DENY =
            Parameter.texts("deny", "ATTRIBUTE:VALUE that items must not have");
    private static final Parameter<List<String>> HIDE = Parameter.texts("hide", "items that are not wanted");
    private static final Parameter<String> PREFIX = Parameter.text("prefix", "what the id starts with");
    private static final Parameter<Integer> LIMIT =
            Parameter.number("limit", 20, 1, Requests.MAX_LIMIT, "how many, at most");
    private static final Parameter<Integer> HISTORY = Parameter.number(
            "limit", UserProfile.MAX_RECENT, 1, Requests.MAX_LIMIT, "how much of the history, at most");
    private static final Parameter<Optional<Cursor>> AFTER = Parameter.after();
    private static final Parameter<Optional<String>> GRAPH =
            Parameter.optionalId("graph", "the graph, or embedding; by default user-jaccard");
    private static final Parameter<Integer> K = Parameter.number("k", 10, 1, Requests.MAX_LIMIT, "neighbors, at most");

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

    void register(Routes.Section routes, Access access) {
        routes.get("/v1/recommendations/{user}", "What to offer to a user")
                .with(Access.USER, SIZE, ALLOW, DENY, HIDE)
                .answers(Answers.RecommendationsView.class)
                .problems(404)
                .by(access.ofUser(this::recommendations));
        routes.get("/v1/users", "Users, most recently active first")
                .with(PREFIX, LIMIT, AFTER)
                .answers(Answers.UsersView.class)
                .by(this::search);
        routes.get("/v1/users/{user}", "What a user did, and how their vector came about")
                .with(Access.USER, HISTORY, AFTER)
                .answers(Answers.UserView.class)
                .problems(404)
                .by(access.ofUser(this::user));
        routes.get("/v1/users/{user}/similar", "The neighbors of a user in a graph, or by their vector")
                .with(Access.USER, GRAPH, K)
                .answers(Answers.NeighborsView.class)
                .problems(404)
                .by(access.whole(access.ofUser(this::similar)));
    }

    private void recommendations(Context ctx, String user) {
        int limit = SIZE.of(ctx).orElse(Requests.MAX_LIMIT);
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
                serving.split().arms().get(serving.split().arm(user)).name(),
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
        int size = SIZE.of(ctx).orElse(serving.size());
        return serving.ranking().filtered(user, profile, stores::pair, filter, size);
    }

    private static ItemFilter filter(Context ctx) {
        try {
            return ItemFilter.of(ALLOW.of(ctx), DENY.of(ctx), HIDE.of(ctx));
        } catch (IllegalArgumentException e) {
            throw ProblemException.badRequest("allow and deny: " + e.getMessage());
        }
    }

    private Answers.ReasonView reason(Reason reason) {
        String title =
                reason.getItem() == null ? null : items.of(reason.getItem()).title();
        return new Answers.ReasonView(
                reason.getKind(),
                reason.getItem(),
                title,
                reason.getWeight(),
                new TreeMap<>(reason.getModalityWeights()),
                reason.getUncertainty());
    }

    private void user(Context ctx, String user) {
        int limit = HISTORY.of(ctx);
        Optional<Stamp> after = AFTER.of(ctx).map(UserRoutes::place);
        UserProfile profile = stores.profile(user).orElseThrow(() -> unknown(user));
        // One more than wanted: whether there are more.
        List<HistoryItem> found = history(user, profile, after, limit + 1);
        List<HistoryItem> shown = found.subList(0, Math.min(limit, found.size()));
        ctx.json(new Answers.UserView(
                user,
                Instant.ofEpochMilli(profile.lastActivity()),
                profile.live(),
                embedding(user, profile),
                shown.stream().map(this::view).toList(),
                found.size() > limit ? next(shown.get(limit - 1).stamp()) : null));
    }

    /** What the user has, newest first: of what is at hand, and where that is not enough, of all. */
    private List<HistoryItem> history(String user, UserProfile profile, Optional<Stamp> after, int limit) {
        List<HistoryItem> atHand = behind(profile.recent(), after, limit);
        return atHand.size() == limit || profile.recent().size() == profile.live()
                ? atHand
                : behind(stores.live(user), after, limit);
    }

    private static List<HistoryItem> behind(List<HistoryItem> items, Optional<Stamp> after, int limit) {
        return items.stream()
                .filter(entry -> after.isEmpty() || entry.stamp().compareTo(after.get()) < 0)
                .limit(limit)
                .toList();
    }

    /** No two items of a user rest on the same event. */
    private static String next(Stamp last) {
        return new Cursor(last.eventTime(), last.partition() + ":" + last.offset()).text();
    }

    private static Stamp place(Cursor cursor) {
        try {
            String[] parts = cursor.id().split(":", 2);
            if (parts.length == 2) {
                return new Stamp(cursor.rank(), Integer.parseInt(parts[0]), Long.parseLong(parts[1]));
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw Cursor.invalid(cursor.text());
    }

    private Answers.HistoryView view(HistoryItem entry) {
        Answers.ItemView item = items.of(entry.item());
        return new Answers.HistoryView(
                item.item(),
                item.title(),
                item.imageUrl(),
                item.available(),
                entry.action(),
                entry.weight(),
                Instant.ofEpochMilli(entry.stamp().eventTime()));
    }

    private Answers.EmbeddingView embedding(String user, UserProfile profile) {
        Model model = serving.model(user);
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
        int limit = LIMIT.of(ctx);
        UserIndex.Entry after = AFTER.of(ctx)
                .map(cursor -> new UserIndex.Entry(cursor.id(), cursor.rank()))
                .orElse(null);
        // One more than wanted: whether there are more.
        List<UserIndex.Entry> found = serving.users().search(PREFIX.of(ctx), after, limit + 1);
        List<UserIndex.Entry> shown = found.subList(0, Math.min(limit, found.size()));
        UserIndex.Entry last = found.size() > limit ? found.get(limit - 1) : null;
        ctx.json(new Answers.UsersView(
                shown.stream()
                        .map(entry -> new Answers.UserEntry(entry.user(), Instant.ofEpochMilli(entry.lastActivity())))
                        .toList(),
                last == null ? null : new Cursor(last.lastActivity(), last.user()).text()));
    }

    private void similar(Context ctx, String user) {
        String graph = GRAPH.of(ctx).orElse(nodes.graphs().get(0));
        int k = K.of(ctx);
        if (!graph.equals(NeighborAnswers.EMBEDDING)) {
            ctx.json(neighbors.inGraph(nodes, graph, user, k));
            return;
        }
        UserProfile profile = stores.profile(user).orElseThrow(() -> unknown(user));
        Model model = serving.model(user);
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

package dev.freshet.serving.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.freshet.graph.GraphNames;
import dev.freshet.schema.Item;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.Reason;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.serving.release.ReleaseReader;
import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Popularity;
import dev.freshet.serving.stream.ServingContext;
import dev.freshet.serving.stream.UserProfile;
import dev.freshet.topic.Intake;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HttpResponseException;
import io.javalin.http.staticfiles.Location;
import io.javalin.json.JavalinJackson;
import io.javalin.util.JavalinBindException;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.state.HostInfo;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP interface and the page. Answers come from this instance's stores, or from the instance that has the user. */
public final class HttpApi implements AutoCloseable {

    /**
     * Where to listen and what to show.
     *
     * @param host address to listen on
     * @param port port, 0 for any
     * @param photos folder of pictures under /photos/, or null
     */
    public record Settings(String host, int port, Path photos) {}

    private static final Logger LOG = LoggerFactory.getLogger(HttpApi.class);
    private static final int MAX_THREADS = 48;
    private static final int MAX_BODY = 64 << 10;
    private static final int MAX_LIMIT = 1000;
    private static final List<String> ITEM_GRAPHS = List.of(GraphNames.ITEM_JACCARD, GraphNames.ITEM_COOCCURRENCE);
    private static final List<String> USER_GRAPHS = List.of(GraphNames.USER_JACCARD);

    private final ServingContext serving;
    private final StatusBoard board;
    private final Stores stores;
    private final PrometheusMeterRegistry registry;
    private final ObjectMapper json = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();
    private final EventStream events;
    private final Javalin javalin;
    private final HostInfo self;
    private final Forwarder forwarder;

    /**
     * Starts to listen.
     *
     * @param advertised name under which other instances reach this one
     * @param streams the stream, once it has been started
     * @throws IOException if the port is taken or the pictures cannot be read
     */
    public HttpApi(
            Settings settings,
            String advertised,
            ServingContext serving,
            StatusBoard board,
            PrometheusMeterRegistry registry,
            Supplier<Optional<KafkaStreams>> streams)
            throws IOException {
        this.serving = serving;
        this.board = board;
        this.stores = new Stores(streams);
        this.registry = registry;
        Photos photos = settings.photos() == null ? null : new Photos(settings.photos());
        this.javalin = Javalin.create(config -> configure(config, settings.host()));
        this.events = new EventStream(() -> write(board.status()));
        routes(photos);
        errors();
        try {
            javalin.start(settings.host(), settings.port());
        } catch (JavalinBindException e) {
            events.close();
            throw new IOException(
                    "port " + settings.port() + " on " + settings.host()
                            + " is taken; stop its owner or choose another with --port",
                    e);
        } catch (RuntimeException e) {
            events.close();
            throw new IllegalStateException(
                    "HTTP did not start on " + settings.host() + ":" + settings.port() + ": " + e, e);
        }
        this.self = new HostInfo(advertised, javalin.port());
        this.forwarder = new Forwarder(self);
    }

    /** The port that it listens on. */
    public int port() {
        return javalin.port();
    }

    /** This instance's address as the others know it. */
    public HostInfo self() {
        return self;
    }

    private void configure(JavalinConfig config, String host) {
        config.showJavalinBanner = false;
        config.startupWatcherEnabled = false;
        config.http.maxRequestSize = MAX_BODY;
        config.http.prefer405over404 = true;
        config.useVirtualThreads = false;
        config.jsonMapper(new JavalinJackson(json, false));
        config.jetty.defaultHost = host;
        config.jetty.threadPool = new QueuedThreadPool(MAX_THREADS, 4);
        config.jetty.modifyServer(server -> {
            server.setErrorHandler(new ProblemPages());
            // Idle connections and streams of events would hold up the stop, and then fail it.
            server.setStopTimeout(0);
        });
        config.staticFiles.add(files -> {
            files.directory = "/page";
            files.location = Location.CLASSPATH;
            files.headers = Map.of("Cache-Control", "no-cache");
        });
    }

    private void routes(Photos photos) {
        javalin.before(ctx -> {
            ctx.header("X-Content-Type-Options", "nosniff");
            ctx.header("Referrer-Policy", "no-referrer");
            // Pictures of items may lie anywhere; everything else of the page comes from here.
            ctx.header(
                    "Content-Security-Policy",
                    "default-src 'self'; img-src * data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'");
        });
        javalin.get("/health", this::health);
        javalin.get("/health/live", ctx -> ctx.json(new Answers.Health("up", true, board.ready(), board.state())));
        javalin.get("/metrics", ctx -> ctx.contentType("text/plain; version=0.0.4; charset=utf-8")
                .result(registry.scrape()));
        javalin.get("/v1/status", ctx -> ctx.json(board.status()));
        javalin.sse("/v1/events", client -> events.accept(client));
        javalin.get("/v1/models", ctx -> ctx.json(board.models(number(ctx, "limit", 20, 1, ReleaseReader.KEPT + 1))));
        javalin.get("/v1/popular", whole(this::popular));
        javalin.get("/v1/recommendations/{user}", ofUser(this::recommendations));
        javalin.get("/v1/users", this::search);
        javalin.get("/v1/users/{user}", ofUser(this::user));
        javalin.get(
                "/v1/users/{user}/similar",
                whole(ofUser((ctx, user) -> similar(
                        ctx,
                        "user",
                        USER_GRAPHS,
                        GraphNames::isUserProfile,
                        serving.users()::contains,
                        any -> true,
                        HttpApi::userView))));
        javalin.get("/v1/items/{item}", whole(this::item));
        javalin.get(
                "/v1/items/{item}/similar",
                whole(ctx -> similar(
                        ctx,
                        "item",
                        ITEM_GRAPHS,
                        graph -> GraphNames.isItemContent(graph) || GraphNames.isItemDenoised(graph),
                        this::isKnown,
                        item -> !serving.catalogue().excludes(item),
                        this::view)));
        if (photos != null) {
            javalin.get("/photos/<name>", photos::get);
        }
    }

    private void errors() {
        javalin.exception(ProblemException.class, (e, ctx) -> problem(ctx, e.status(), e.title(), e.getMessage()));
        javalin.exception(
                HttpResponseException.class,
                (e, ctx) -> problem(ctx, e.getStatus(), "Request refused", e.getMessage()));
        javalin.exception(Exception.class, (e, ctx) -> {
            LOG.error("{} {}", ctx.method(), ctx.path(), e);
            problem(ctx, 500, "Internal error", "the server's log has the cause");
        });
        javalin.error(404, ctx -> {
            String type = ctx.res().getContentType();
            if (type == null || !type.startsWith(Problem.CONTENT_TYPE)) {
                problem(ctx, 404, "Not found", "there is nothing at this path; docs/api.md lists the routes");
            }
        });
    }

    private void problem(Context ctx, int status, String title, String detail) {
        if (status == 503) {
            ctx.header("Retry-After", "1");
        }
        ctx.status(status);
        ctx.result(write(Problem.of(status, title, detail, ctx.path())));
        ctx.contentType(Problem.CONTENT_TYPE);
    }

    private String write(Object value) {
        try {
            return json.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void health(Context ctx) {
        boolean ready = board.ready();
        ctx.status(ready ? 200 : 503);
        ctx.json(new Answers.Health(ready ? "ready" : "starting", true, ready, board.state()));
    }

    private Handler ofUser(BiConsumer<Context, String> answer) {
        return ctx -> {
            String user = id(ctx, "user");
            Optional<HostInfo> owner = stores.owner(user);
            if (owner.isEmpty() || !forwarder.forward(ctx, owner.get())) {
                answer.accept(ctx, user);
            }
        };
    }

    /** Answers once items and neighbors are there. */
    private Handler whole(Handler answer) {
        return ctx -> {
            if (!serving.catalogue().ready()) {
                throw Stores.starting();
            }
            answer.handle(ctx);
        };
    }

    private void recommendations(Context ctx, String user) {
        int limit = number(ctx, "limit", MAX_LIMIT, 1, MAX_LIMIT);
        Recommendations list = list(ctx, user);
        List<Answers.RecommendedView> items = new ArrayList<>();
        for (RecommendedItem entry : list.getItems()) {
            // An item withdrawn a moment ago: the list is about to be scored anew.
            if (items.size() < limit && !serving.catalogue().excludes(entry.getItem())) {
                Answers.ItemView item = view(entry.getItem());
                items.add(new Answers.RecommendedView(
                        items.size() + 1,
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
                items));
    }

    /** The list that was published last, or where the request narrows it down, one as of now. */
    private Recommendations list(Context ctx, String user) {
        ItemFilter filter = filter(ctx);
        if (filter.isEmpty()) {
            return stores.recommendations(user).orElseThrow(() -> unknownUser(user));
        }
        UserProfile profile = stores.profile(user).orElseThrow(() -> unknownUser(user));
        int size = number(ctx, "limit", serving.size(), 1, MAX_LIMIT);
        return serving.ranking().filtered(user, profile, stores::pair, filter, size);
    }

    private static ItemFilter filter(Context ctx) {
        for (String name : List.of("allow", "deny", "hide")) {
            if (ctx.queryParams(name).size() > MAX_LIMIT) {
                throw ProblemException.badRequest(name + " is given more than " + MAX_LIMIT + " times");
            }
        }
        try {
            return ItemFilter.of(ctx.queryParams("allow"), ctx.queryParams("deny"), ctx.queryParams("hide"));
        } catch (IllegalArgumentException e) {
            throw ProblemException.badRequest("allow and deny: " + e.getMessage());
        }
    }

    private Answers.ReasonView reason(Reason reason) {
        String title = reason.getItem() == null ? null : view(reason.getItem()).title();
        return new Answers.ReasonView(reason.getKind(), reason.getItem(), title, reason.getWeight());
    }

    private void user(Context ctx, String user) {
        UserProfile profile = stores.profile(user).orElseThrow(() -> unknownUser(user));
        List<Answers.HistoryView> history = new ArrayList<>();
        for (HistoryItem entry : profile.recent()) {
            Answers.ItemView item = view(entry.item());
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
        String prefix = Optional.ofNullable(ctx.queryParam("prefix")).orElse("");
        if (prefix.length() > Intake.MAX_ID_LENGTH) {
            throw ProblemException.badRequest("prefix has more than " + Intake.MAX_ID_LENGTH + " characters");
        }
        int limit = number(ctx, "limit", 20, 1, MAX_LIMIT);
        ctx.json(new Answers.UsersView(serving.users().search(prefix, limit).stream()
                .map(entry -> new Answers.UserEntry(entry.user(), Instant.ofEpochMilli(entry.lastActivity())))
                .toList()));
    }

    private void popular(Context ctx) {
        int limit = number(ctx, "limit", 20, 1, MAX_LIMIT);
        List<Answers.PopularItem> items = new ArrayList<>();
        for (Popularity.Entry entry : serving.popularity()) {
            if (items.size() == limit) {
                break;
            }
            if (!serving.catalogue().excludes(entry.item())) {
                Answers.ItemView item = view(entry.item());
                items.add(new Answers.PopularItem(
                        items.size() + 1, item.item(), item.title(), item.imageUrl(), entry.users()));
            }
        }
        ctx.json(new Answers.PopularView(items));
    }

    private void item(Context ctx) {
        String id = id(ctx, "item");
        if (!isKnown(id)) {
            throw ProblemException.notFound("no item " + id + " is known: it has no record and nobody has it");
        }
        Answers.ItemView view = view(id);
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
                inModel(id)));
    }

    private boolean isKnown(String item) {
        return serving.catalogue().item(item).isPresent()
                || serving.popularity().users(item) > 0
                || inModel(item);
    }

    private boolean inModel(String item) {
        Model model = serving.model();
        return model != null && model.items().row(item) >= 0;
    }

    private void similar(
            Context ctx,
            String kind,
            List<String> graphs,
            Predicate<String> ofKind,
            Predicate<String> known,
            Predicate<String> shown,
            Function<String, Answers.ItemView> describe) {
        String node = id(ctx, kind);
        String graph = Optional.ofNullable(ctx.queryParam("graph")).orElse(graphs.get(0));
        Set<String> allowed = new LinkedHashSet<>(graphs);
        serving.catalogue().graphs().keySet().stream().filter(ofKind).forEach(allowed::add);
        if (!allowed.contains(graph)) {
            throw ProblemException.badRequest(
                    "graph is " + shortened(graph) + "; it may be " + String.join(", ", allowed));
        }
        int k = number(ctx, "k", 10, 1, MAX_LIMIT);
        Optional<NeighborList> found = serving.catalogue().neighbors(graph, node);
        if (found.isEmpty() && !known.test(node)) {
            throw ProblemException.notFound("no " + kind + " " + node + " is known");
        }
        NeighborList list = found.orElseGet(() -> new NeighborList(graph, node, List.of(), 0, 0L));
        List<Answers.NeighborView> neighbors = new ArrayList<>();
        for (Neighbor neighbor : list.getNeighbors()) {
            if (neighbors.size() < k && shown.test(neighbor.getId())) {
                Answers.ItemView view = describe.apply(neighbor.getId());
                neighbors.add(new Answers.NeighborView(
                        neighbor.getId(), view.title(), view.imageUrl(), neighbor.getWeight()));
            }
        }
        ctx.json(new Answers.NeighborsView(graph, node, list.getDegree(), list.getVersion(), neighbors));
    }

    private Answers.ItemView view(String id) {
        Optional<Item> item = serving.catalogue().item(id);
        return new Answers.ItemView(
                id,
                item.map(Item::getTitle).orElse(null),
                item.map(Item::getImageUrl).orElse(null),
                !serving.catalogue().excludes(id));
    }

    /** A user as a neighbor: without title and picture. */
    private static Answers.ItemView userView(String id) {
        return new Answers.ItemView(id, null, null, true);
    }

    private static ProblemException unknownUser(String user) {
        return ProblemException.notFound("no user " + user
                + " is known: no interaction of theirs has come in; /v1/popular has what to offer to a stranger");
    }

    private static String id(Context ctx, String name) {
        String id = ctx.pathParam(name);
        if (id.isBlank()) {
            throw ProblemException.badRequest("the " + name + " id is empty");
        }
        if (id.length() > Intake.MAX_ID_LENGTH) {
            throw ProblemException.badRequest("the " + name + " id has " + id.length() + " characters; at most "
                    + Intake.MAX_ID_LENGTH + " are allowed");
        }
        return id;
    }

    private static int number(Context ctx, String name, int byDefault, int min, int max) {
        String text = ctx.queryParam(name);
        if (text == null) {
            return byDefault;
        }
        try {
            int value = Integer.parseInt(text);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw ProblemException.badRequest(
                name + " is " + shortened(text) + "; it must be a whole number from " + min + " to " + max);
    }

    private static String shortened(String text) {
        return text.length() > 40 ? text.substring(0, 40) + "…" : text;
    }

    @Override
    public void close() {
        events.close();
        javalin.stop();
    }

    /** What Jetty itself refuses, before any route is asked: an ambiguous path, headers beyond their bound. */
    private final class ProblemPages extends ErrorHandler {

        @Override
        public void handle(String target, Request base, HttpServletRequest request, HttpServletResponse response)
                throws IOException {
            int status = response.getStatus();
            response.setContentType(Problem.CONTENT_TYPE);
            response.getOutputStream()
                    .write(HttpApi.this
                            .write(Problem.of(status, "Request refused", "the server cannot take this request", target))
                            .getBytes(StandardCharsets.UTF_8));
            base.setHandled(true);
        }

        @Override
        public ByteBuffer badMessageError(int status, String reason, HttpFields.Mutable fields) {
            fields.put("Content-Type", Problem.CONTENT_TYPE);
            return ByteBuffer.wrap(HttpApi.this
                    .write(Problem.of(status, "Request refused", reason, null))
                    .getBytes(StandardCharsets.UTF_8));
        }
    }
}

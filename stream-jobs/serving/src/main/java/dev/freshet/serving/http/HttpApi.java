package dev.freshet.serving.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.freshet.serving.release.LoopFollower;
import dev.freshet.serving.release.Outbox;
import dev.freshet.serving.stream.ServingContext;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.javalin.http.MethodNotAllowedResponse;
import io.javalin.http.NotFoundResponse;
import io.javalin.http.sse.SseHandler;
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
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.state.HostInfo;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.ConnectionLimit;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.ssl.KeyStoreScanner;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP interface and the page. Answers come from this instance's stores, or from the instance that has the user. */
public final class HttpApi implements AutoCloseable {

    /**
     * Where to listen, what to show, and to whom.
     *
     * @param host address to listen on
     * @param port port, 0 for any
     * @param photos folder of pictures under /photos/, or null
     * @param writes whether it takes interactions, rollbacks and replays
     * @param token the token that requests must carry, or null
     * @param tls what HTTPS is served with, or null for HTTP
     * @param rateLimit requests that a client may make in a second, or 0 for any number
     */
    public record Settings(
            String host, int port, Path photos, boolean writes, BearerToken token, Tls tls, int rateLimit) {

        /** HTTP on loopback, with writes and without token or limit. */
        public static Settings onLoopback(int port, Path photos) {
            return new Settings("127.0.0.1", port, photos, true, null, null, 0);
        }

        /** How its addresses begin. */
        public String scheme() {
            return tls == null ? "http" : "https";
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(HttpApi.class);
    private static final int MAX_THREADS = 48;
    private static final String EVENTS = "text/event-stream";

    /** Connections cost memory, not threads: whoever is slow holds up nobody. Beyond these, new ones wait. */
    private static final int MAX_CONNECTIONS = 4000;

    /** Connections that wait to be taken up. */
    private static final int BACKLOG = 1024;

    private static final Duration IDLE = Duration.ofSeconds(30);

    /** Once there are as many connections as may be, those that are idle go sooner. */
    private static final Duration IDLE_WHEN_FULL = Duration.ofSeconds(3);

    /** A file that has changed is taken up once it has stayed the same for as long. */
    private static final Duration KEY_STORE_POLL = Duration.ofSeconds(20);

    private final StatusBoard board;
    private final PrometheusMeterRegistry registry;
    private final ObjectMapper json = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();
    private final EventStream events;
    private final History history;
    private final Javalin javalin;
    private final HostInfo self;
    private final Supplier<ObjectNode> description;
    private String document;

    /**
     * Starts to listen.
     *
     * @param version version of the code
     * @param advertised name under which other instances reach this one
     * @param loop what the instance reads and writes beside its stream
     * @param streams the stream, once it has been started
     * @throws IOException if the port is taken or the pictures cannot be read
     */
    public HttpApi(
            Settings settings,
            String version,
            String advertised,
            ServingContext serving,
            StatusBoard board,
            LoopFollower loop,
            PrometheusMeterRegistry registry,
            Supplier<Optional<KafkaStreams>> streams)
            throws IOException {
        this.board = board;
        this.registry = registry;
        Photos photos = settings.photos() == null ? null : new Photos(settings.photos());
        PageFiles page = new PageFiles();
        this.javalin = Javalin.create(config -> configure(config, settings));
        this.events = new EventStream(() -> write(board.status()));
        this.history = new History(board::status);
        Routes routes = routes(settings, photos, serving, loop, streams);
        this.description = () -> OpenApi.document(routes.all(), version, settings.token() != null);
        page.forEach((path, handler) -> javalin.get(path, handler).head(path, handler));
        errors();
        try {
            javalin.start(settings.host(), settings.port());
        } catch (JavalinBindException e) {
            stopClocks();
            throw new IOException(
                    "port " + settings.port() + " on " + settings.host()
                            + " is taken; stop its owner or choose another with --port",
                    e);
        } catch (RuntimeException e) {
            stopClocks();
            throw new IllegalStateException(
                    "HTTP did not start on " + settings.host() + ":" + settings.port() + ": " + e, e);
        }
        this.self = new HostInfo(advertised, javalin.port());
    }

    /** Whether an address reaches no further than this machine. */
    public static boolean isLoopback(String host) {
        return WriteGuard.isLoopback(host);
    }

    /** The port that it listens on. */
    public int port() {
        return javalin.port();
    }

    /** This instance's address as the others know it. */
    public HostInfo self() {
        return self;
    }

    private void configure(JavalinConfig config, Settings settings) {
        config.showJavalinBanner = false;
        config.startupWatcherEnabled = false;
        config.http.maxRequestSize = JsonBody.MAX_BYTES;
        config.http.prefer405over404 = true;
        // AnswerWriter compresses.
        config.http.disableCompression();
        config.useVirtualThreads = false;
        config.jsonMapper(new JavalinJackson(json, false));
        config.jetty.threadPool = new QueuedThreadPool(MAX_THREADS, 4);
        config.jetty.modifyServer(server -> {
            server.setErrorHandler(new ProblemPages());
            // Idle connections and streams of events would hold up the stop, and then fail it.
            server.setStopTimeout(0);
        });
        config.jetty.addConnector((server, http) -> connector(server, http, settings));
    }

    private static Connector connector(Server server, HttpConfiguration http, Settings settings) {
        HttpConnectionFactory plain = new HttpConnectionFactory(http);
        ServerConnector connector;
        if (settings.tls() == null) {
            connector = new ServerConnector(server, plain);
        } else {
            // There is one certificate, whatever name it is asked for under; health checks ask by address.
            http.addCustomizer(new SecureRequestCustomizer(false));
            SslContextFactory.Server tls = settings.tls().server();
            connector = new ServerConnector(server, new SslConnectionFactory(tls, plain.getProtocol()), plain);
            KeyStoreScanner scanner = new KeyStoreScanner(tls) {
                @Override
                public void reload() {
                    // Jetty lets go of the old one first: a new one that is broken would end all HTTPS.
                    try {
                        settings.tls().check();
                    } catch (IOException e) {
                        LOG.warn("HTTPS goes on with the certificate that it has: {}", e.getMessage());
                        return;
                    }
                    super.reload();
                }
            };
            scanner.setScanInterval((int) KEY_STORE_POLL.toSeconds());
            connector.addBean(scanner);
        }
        connector.setHost(settings.host());
        connector.setPort(settings.port());
        connector.setAcceptQueueSize(BACKLOG);
        connector.setIdleTimeout(IDLE.toMillis());
        ConnectionLimit limit = new ConnectionLimit(MAX_CONNECTIONS, connector);
        limit.setIdleTimeout(IDLE_WHEN_FULL.toMillis());
        connector.addBean(limit);
        return connector;
    }

    private Routes routes(
            Settings settings,
            Photos photos,
            ServingContext serving,
            LoopFollower loop,
            Supplier<Optional<KafkaStreams>> streams) {
        WriteGuard guard = new WriteGuard(settings.writes(), settings.host());
        Stores stores = new Stores(streams);
        Forwarder forwarder = new Forwarder(this::self, stores::instances, settings.token(), settings.tls());
        int perSecond = settings.rateLimit();
        RateLimit limit = perSecond == 0
                ? null
                // The instance that was asked has counted it.
                : new RateLimit(perSecond, ctx -> !forwarder.passedOn(ctx.header(Forwarder.FORWARDED), ctx.ip()));
        RateLimit guesses = perSecond == 0 ? null : new RateLimit(perSecond, ctx -> true);
        Routes routes = new Routes(javalin, new Gate(limit, guesses, settings.token(), guard));
        javalin.before(guard::checkHost);
        javalin.before(Requests::checkQuery);
        javalin.before(ctx -> {
            ctx.header("X-Content-Type-Options", "nosniff");
            ctx.header("Referrer-Policy", "no-referrer");
            // Pictures of items may lie anywhere; everything else of the page comes from here.
            ctx.header(
                    "Content-Security-Policy",
                    "default-src 'self'; img-src * data: blob:; object-src 'none'; base-uri 'none';"
                            + " frame-ancestors 'none'");
        });
        javalin.after(EntityTags::validate);
        javalin.after(AnswerWriter::send);
        // The first that matches answers: the one that is asked most comes first.
        Access access = new Access(serving, stores, forwarder);
        ItemViews items = new ItemViews(serving);
        new UserRoutes(serving, stores, items).register(routes.section("Users"), access);
        new ItemRoutes(serving, items).register(routes.section("Items"), access);
        new GraphRoutes(serving, items).register(routes.section("Graphs"), access);
        Outbox outbox = loop.outbox();
        new ModelRoutes(board, loop.watcher().evaluations(), outbox).register(routes.section("Models"));
        new ExperimentRoutes(serving).register(routes.section("Models"));
        new InteractionRoutes(serving.format(), outbox).register(routes.section("Users"));
        new DeadLetterRoutes(serving.format(), loop.archive(), outbox, serving.catalogue()::itemErasedAt)
                .register(routes.section("Dead letters"));
        if (photos != null) {
            photos.register(routes.section("Items"));
        }
        state(routes.section("State"));
        return routes;
    }

    private void state(Routes.Section routes) {
        routes.get("/v1/status", "The state of the loop")
                .answers(Answers.StatusView.class)
                .changing()
                .by(ctx -> ctx.json(board.status()));
        Handler sse = new SseHandler(client -> events.accept(client));
        routes.get("/v1/events", "The state of the loop, once a second, as server-sent events of type status")
                .answers(EVENTS)
                .changing()
                .by(ctx -> {
                    if (!EVENTS.equals(ctx.header("Accept"))) {
                        throw ProblemException.notAcceptable("ask for it with Accept: " + EVENTS);
                    }
                    if (ctx.method() == HandlerType.HEAD) {
                        ctx.contentType(EVENTS);
                        return;
                    }
                    events.checkRoom();
                    sse.handle(ctx);
                });
        routes.get("/v1/history", "Rates and freshness of the last quarter of an hour")
                .answers(Answers.RatesView.class)
                .changing()
                .by(ctx -> ctx.json(history.view()));
        routes.get("/health", "Whether it is ready; 503 where it is not")
                .answers(Answers.Health.class)
                .alsoAnswers(503)
                .open()
                .changing()
                .by(this::health);
        routes.get("/health/live", "Whether the process runs")
                .answers(Answers.Health.class)
                .open()
                .changing()
                .by(ctx -> ctx.json(new Answers.Health("up", true, board.ready(), board.state())));
        routes.get("/metrics", "For Prometheus")
                .answers("text/plain")
                .uncounted()
                .changing()
                .by(ctx -> ctx.contentType("text/plain; version=0.0.4; charset=utf-8")
                        .result(registry.scrape()));
        routes.get("/openapi.json", "This document").answers(Route.JSON).open().by(ctx -> ctx.contentType(Route.JSON)
                .result(document()));
    }

    /** Made when it is first asked for, which few instances are. */
    private synchronized String document() {
        if (document == null) {
            document = write(description.get());
        }
        return document;
    }

    private void errors() {
        javalin.exception(ProblemException.class, this::problem);
        javalin.exception(MethodNotAllowedResponse.class, (e, ctx) -> {
            ctx.header("Allow", String.join(", ", e.getDetails().values()));
            problem(ctx, e.getStatus(), "Method not allowed", "this path has another method: see the header Allow");
        });
        javalin.exception(
                NotFoundResponse.class,
                (e, ctx) -> problem(
                        ctx,
                        e.getStatus(),
                        "Not found",
                        "there is nothing at this path; /api.html lists what there is"));
        javalin.exception(
                HttpResponseException.class,
                (e, ctx) -> problem(ctx, e.getStatus(), "Request refused", e.getMessage()));
        javalin.exception(
                KafkaException.class,
                (e, ctx) ->
                        problem(ProblemException.unavailable("the broker has not done it: " + e.getMessage()), ctx));
        javalin.exception(Exception.class, (e, ctx) -> {
            LOG.error("{} {}", ctx.method(), ctx.path(), e);
            problem(ctx, 500, "Internal error", "the server's log has the cause");
        });
    }

    private void problem(ProblemException e, Context ctx) {
        e.headers().forEach(ctx::header);
        problem(ctx, e.status(), e.title(), e.getMessage());
    }

    private void problem(Context ctx, int status, String title, String detail) {
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

    private void stopClocks() {
        events.close();
        history.close();
    }

    @Override
    public void close() {
        stopClocks();
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
            String detail = reason == null ? HttpStatus.getMessage(status) : reason;
            return ByteBuffer.wrap(HttpApi.this
                    .write(Problem.of(status, "Request refused", detail, null))
                    .getBytes(StandardCharsets.UTF_8));
        }
    }
}

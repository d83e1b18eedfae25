package dev.freshet.serving.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.freshet.serving.release.LoopFollower;
import dev.freshet.serving.release.Outbox;
import dev.freshet.serving.stream.ServingContext;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
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
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
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
     * @param writes whether it takes interactions, rollbacks and replays
     */
    public record Settings(String host, int port, Path photos, boolean writes) {}

    private static final Logger LOG = LoggerFactory.getLogger(HttpApi.class);
    private static final int MAX_THREADS = 48;

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

    /**
     * Starts to listen.
     *
     * @param advertised name under which other instances reach this one
     * @param loop what the instance reads and writes beside its stream
     * @param streams the stream, once it has been started
     * @throws IOException if the port is taken or the pictures cannot be read
     */
    public HttpApi(
            Settings settings,
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
        this.javalin = Javalin.create(config -> configure(config, settings.host()));
        this.events = new EventStream(() -> write(board.status()));
        this.history = new History(board::status);
        routes(settings, photos, serving, loop, streams);
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

    private void configure(JavalinConfig config, String host) {
        config.showJavalinBanner = false;
        config.startupWatcherEnabled = false;
        config.http.maxRequestSize = JsonBody.MAX_BYTES;
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

    private void routes(
            Settings settings,
            Photos photos,
            ServingContext serving,
            LoopFollower loop,
            Supplier<Optional<KafkaStreams>> streams) {
        WriteGuard guard = new WriteGuard(settings.writes(), settings.host());
        javalin.before(guard::checkHost);
        javalin.before(Requests::checkQuery);
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
        javalin.get("/v1/history", ctx -> ctx.json(history.view()));
        javalin.sse("/v1/events", client -> events.accept(client));
        Stores stores = new Stores(streams);
        Access access = new Access(serving, stores, new Forwarder(this::self));
        ItemViews items = new ItemViews(serving);
        new UserRoutes(serving, stores, items).register(javalin, access);
        new ItemRoutes(serving, items).register(javalin, access);
        new GraphRoutes(serving, items).register(javalin, access);
        Outbox outbox = loop.outbox();
        new ModelRoutes(board, loop.watcher().evaluations(), outbox).register(javalin, guard);
        new InteractionRoutes(outbox).register(javalin, guard);
        new DeadLetterRoutes(loop.archive(), outbox, serving.catalogue()::itemErasedAt).register(javalin, guard);
        if (photos != null) {
            javalin.get("/photos/<name>", photos::get);
        }
    }

    private void errors() {
        javalin.exception(ProblemException.class, (e, ctx) -> problem(ctx, e.status(), e.title(), e.getMessage()));
        javalin.exception(
                HttpResponseException.class,
                (e, ctx) -> problem(ctx, e.getStatus(), "Request refused", e.getMessage()));
        javalin.exception(
                KafkaException.class,
                (e, ctx) -> problem(
                        ctx, 503, "Not available at the moment", "the broker has not done it: " + e.getMessage()));
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
            return ByteBuffer.wrap(HttpApi.this
                    .write(Problem.of(status, "Request refused", reason, null))
                    .getBytes(StandardCharsets.UTF_8));
        }
    }
}

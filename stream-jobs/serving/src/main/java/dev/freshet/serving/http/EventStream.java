package dev.freshet.serving.http;

import io.javalin.http.sse.SseClient;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends the status once a second to every page that listens. A client that cannot keep up misses some, and holds up none. */
final class EventStream implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EventStream.class);
    private static final int MAX_CLIENTS = 200;

    private final Supplier<String> status;
    private final Map<SseClient, AtomicBoolean> clients = new ConcurrentHashMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(daemon("events-clock"));
    /** As many threads as there are clients that do not read: none of those holds up another. */
    private final ExecutorService senders = Executors.newCachedThreadPool(daemon("events-sender"));

    /** @param status the status as JSON */
    EventStream(Supplier<String> status) {
        this.status = status;
        clock.scheduleAtFixedRate(this::tick, 1, 1, TimeUnit.SECONDS);
    }

    private static ThreadFactory daemon(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    /** @throws ProblemException with 503, if as many pages listen as may */
    void checkRoom() {
        if (clients.size() >= MAX_CLIENTS) {
            throw ProblemException.unavailable(MAX_CLIENTS + " pages listen already; no more may");
        }
    }

    void accept(SseClient client) {
        client.keepAlive();
        client.onClose(() -> clients.remove(client));
        AtomicBoolean busy = new AtomicBoolean();
        clients.put(client, busy);
        send(client, busy, status.get());
    }

    private void tick() {
        if (clients.isEmpty()) {
            return;
        }
        try {
            String json = status.get();
            clients.forEach((client, busy) -> send(client, busy, json));
        } catch (RuntimeException e) {
            LOG.warn("status: {}", e.toString());
        }
    }

    private void send(SseClient client, AtomicBoolean busy, String json) {
        if (!busy.compareAndSet(false, true)) {
            return;
        }
        try {
            senders.execute(() -> {
                try {
                    client.sendEvent("status", json);
                } finally {
                    busy.set(false);
                    if (client.terminated()) {
                        clients.remove(client);
                    }
                }
            });
        } catch (RejectedExecutionException e) {
            clients.remove(client);
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
        clients.keySet().forEach(SseClient::close);
        senders.shutdownNow();
    }
}

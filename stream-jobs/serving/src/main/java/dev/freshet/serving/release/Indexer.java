package dev.freshet.serving.release;

import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.ServingContext;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds the indexes of models with many items, one after another, beside scoring: no switch waits for one. Thread-safe.
 */
final class Indexer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Indexer.class);

    /** The other processors go on scoring. */
    private static final int THREADS = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

    private final ServingContext serving;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(task -> {
        Thread made = new Thread(task, "indexer");
        made.setDaemon(true);
        return made;
    });

    Indexer(ServingContext serving) {
        this.serving = serving;
    }

    /** Has the index of a model built, if it has so many items; given up as soon as the model is not used any more. */
    void index(Model model) {
        if (model.items().size() > serving.scoring().exactItems()) {
            thread.execute(() -> build(model));
        }
    }

    private void build(Model model) {
        long start = System.nanoTime();
        LOG.info("model {}: indexing {} items", model.version(), model.items().size());
        try {
            boolean built = model.index(THREADS, () -> !thread.isShutdown() && serving.uses(model));
            LOG.info(
                    "model {}: {} after {} s",
                    model.version(),
                    built ? "searched by an index" : "not needed any more, indexing stopped",
                    Duration.ofNanos(System.nanoTime() - start).toSeconds());
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.error("model {} cannot be indexed: every score looks at all its items", model.version(), e);
        }
    }

    @Override
    public void close() {
        thread.shutdown();
    }
}

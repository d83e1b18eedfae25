package dev.freshet.serving;

import dev.freshet.schema.SnapshotManifest;
import dev.freshet.serving.release.LoopFollower;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.ServingContext;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Shows how old what the loop has made is, as this instance knows it. */
final class LoopMetrics {

    private LoopMetrics() {}

    static void bind(MeterRegistry registry, ServingContext serving, LoopFollower loop, BooleanSupplier ready) {
        age(registry, "freshet.model.age", "Age of the model in force since its release; NaN before the first", () -> {
            Model model = serving.model();
            return model == null ? null : model.release().getReleasedAt();
        });
        age(
                registry,
                "freshet.snapshot.age",
                "Age of the newest graph snapshot; NaN before the first",
                () -> loop.watcher()
                        .newestSnapshot()
                        .map(SnapshotManifest::getCreatedAt)
                        .orElse(null));
        gauge(
                registry,
                "freshet.dead.letters",
                "Dead letters on the topic since its beginning",
                () -> loop.watcher().deadLetterCounts().values().stream()
                        .mapToLong(Long::longValue)
                        .sum());
        gauge(
                registry,
                "freshet.ready",
                "1 when this instance answers for its users, 0 before",
                () -> ready.getAsBoolean() ? 1 : 0);
    }

    private static void age(MeterRegistry registry, String name, String description, Supplier<Instant> since) {
        Gauge.builder(name, () -> {
                    Instant start = since.get();
                    return start == null
                            ? Double.NaN
                            : Duration.between(start, Instant.now()).toMillis() / 1000.0;
                })
                .baseUnit("seconds")
                .description(description)
                .register(registry);
    }

    private static void gauge(MeterRegistry registry, String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }
}

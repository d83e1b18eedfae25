package dev.freshet.serving.stream;

import dev.freshet.topic.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What serving counts, under the names that {@code /metrics} shows. */
public final class ServingMetrics {

    /** Topics of which a record may be skipped. */
    public static final List<Topic<?>> READ =
            List.of(Topic.INTERACTIONS, Topic.ITEMS, Topic.ERASURES, Topic.NEIGHBORS, Topic.MODELS);

    private final MeterRegistry registry;
    private final RateMeter eventsIn = new RateMeter();
    private final RateMeter recommendationsOut = new RateMeter();
    private final Counter accepted;
    private final Counter superseded;
    private final Counter erased;
    private final Counter byInteraction;
    private final Counter bySweep;
    private final Counter fallbacks;
    private final Counter audits;
    private final Counter violations;
    private final Map<String, Counter> skipped = new HashMap<>();
    private final Timer score;
    private final Timer freshness;

    public ServingMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.accepted = events("accepted");
        this.superseded = events("superseded");
        this.erased = events("erased");
        this.byInteraction = recommendations("interaction");
        this.bySweep = recommendations("sweep");
        this.fallbacks = Counter.builder("freshet.recommendations.fallback")
                .description("Recommendations without a user vector: by neighbors or popularity")
                .register(registry);
        this.audits = Counter.builder("freshet.audited.lists")
                .description("Recommendation lists looked at again by what the stores say")
                .register(registry);
        this.violations = Counter.builder("freshet.violations")
                .description("Items in those lists that the user has already; always 0")
                .register(registry);
        for (Topic<?> topic : READ) {
            skipped.put(
                    topic.name(),
                    Counter.builder("freshet.records.skipped")
                            .description(
                                    "Unusable records, by topic; each is a dead letter, written by the job that owns the topic")
                            .tag("topic", topic.name())
                            .register(registry));
        }
        this.score = Timer.builder("freshet.score")
                .description("Time to refresh a user's vector and rank all items")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        this.freshness = Timer.builder("freshet.freshness")
                .description("From the broker's time of an interaction to its recommendations handed to the producer")
                .publishPercentiles(0.5, 0.95, 0.99)
                .register(registry);
    }

    private Counter events(String result) {
        return Counter.builder("freshet.interactions")
                .description("Interactions read, by what became of them")
                .tag("result", result)
                .register(registry);
    }

    private Counter recommendations(String cause) {
        return Counter.builder("freshet.recommendations")
                .description(
                        "Recommendation lists published, by cause: an interaction, or a sweep after a release or a withdrawal")
                .tag("cause", cause)
                .register(registry);
    }

    void accepted(long now) {
        accepted.increment();
        eventsIn.add(1, now);
    }

    void superseded(long now) {
        superseded.increment();
        eventsIn.add(1, now);
    }

    void erased(long now) {
        erased.increment();
        eventsIn.add(1, now);
    }

    /** Counts a record that is skipped as unusable. */
    public void skipped(String topic) {
        skipped.get(topic).increment();
    }

    /** Number of records of a topic that were skipped. */
    public long skippedOf(String topic) {
        return (long) skipped.get(topic).count();
    }

    /** Counts a list that was looked at again, and the items that it should not have. */
    void audited(int wrong) {
        audits.increment();
        violations.increment(wrong);
    }

    void recommended(boolean interaction, boolean fallback, long nanos, long now) {
        (interaction ? byInteraction : bySweep).increment();
        if (fallback) {
            fallbacks.increment();
        }
        score.record(Duration.ofNanos(nanos));
        recommendationsOut.add(1, now);
    }

    void fresh(long millis) {
        freshness.record(Duration.ofMillis(Math.max(0, millis)));
    }

    public RateMeter eventsIn() {
        return eventsIn;
    }

    public RateMeter recommendationsOut() {
        return recommendationsOut;
    }

    /** The timer of the way through serving. */
    public Timer freshness() {
        return freshness;
    }

    /** Shows a number of an object for as long as it lives. */
    public <T> void gauge(String name, String description, T object, ToDoubleFunction<T> value) {
        Gauge.builder(name, object, value)
                .description(description)
                .strongReference(true)
                .register(registry);
    }
}

package dev.freshet.serving.stream;

import dev.freshet.serving.experiment.Outcome;
import dev.freshet.topic.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
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
    private final List<OfArm> arms = new ArrayList<>();

    private record OfArm(
            Counter hits,
            Counter misses,
            Counter unmeasured,
            Counter reciprocalRanks,
            Counter gains,
            Counter fallbacks,
            Timer freshness) {}

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

    /** Begins to count for the arms that users are split over, by their names. */
    void arms(List<String> names) {
        for (String arm : names) {
            arms.add(new OfArm(
                    ofArm(arm, "hit"),
                    ofArm(arm, "miss"),
                    ofArm(arm, "unmeasured"),
                    sum(arm, "freshet.arm.reciprocal.ranks", "Sum of 1 / rank over the hits of an arm"),
                    sum(arm, "freshet.arm.gains", "Sum of 1 / log2(rank + 1) over the hits of an arm"),
                    sum(arm, "freshet.arm.fallbacks", "Hits and misses whose list was made without a user vector"),
                    Timer.builder("freshet.arm.freshness")
                            .description("The same as freshet_freshness_seconds, by arm")
                            .tag("arm", arm)
                            .publishPercentiles(0.5, 0.95, 0.99)
                            .register(registry)));
        }
    }

    private Counter ofArm(String arm, String result) {
        return Counter.builder("freshet.arm.events")
                .description(
                        "Items that users of an arm took, held against the list that they had: hit among the first "
                                + Outcome.K + ", miss, or unmeasured, where no list was there before the event")
                .tag("arm", arm)
                .tag("result", result)
                .register(registry);
    }

    private Counter sum(String arm, String name, String description) {
        return Counter.builder(name).description(description).tag("arm", arm).register(registry);
    }

    /** An item was held against a list: its rank, 0 for none. */
    void measured(int arm, int rank, boolean fallback) {
        OfArm of = arms.get(arm);
        (rank > 0 ? of.hits : of.misses).increment();
        of.reciprocalRanks.increment(Outcome.reciprocalRank(rank));
        of.gains.increment(Outcome.gain(rank));
        if (fallback) {
            of.fallbacks.increment();
        }
    }

    void unmeasured(int arm) {
        arms.get(arm).unmeasured.increment();
    }

    /** Items since the start that no list could be held against. */
    public long unmeasuredOf(int arm) {
        return (long) arms.get(arm).unmeasured.count();
    }

    /** The timer of the way through serving, of an arm. */
    public Timer freshness(int arm) {
        return arms.get(arm).freshness;
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

    /** Items since the start that audited lists should not have had. */
    public long violations() {
        return (long) violations.count();
    }

    void recommended(boolean interaction, boolean fallback, long nanos, long now) {
        (interaction ? byInteraction : bySweep).increment();
        if (fallback) {
            fallbacks.increment();
        }
        score.record(Duration.ofNanos(nanos));
        recommendationsOut.add(1, now);
    }

    void fresh(int arm, long millis) {
        Duration took = Duration.ofMillis(Math.max(0, millis));
        freshness.record(took);
        arms.get(arm).freshness.record(took);
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

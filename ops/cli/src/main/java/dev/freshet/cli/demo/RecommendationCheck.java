package dev.freshet.cli.demo;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import dev.freshet.topic.WireFormat;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Checks the recommendations against the interactions, both as the topics have them: nothing that is live for a user, or that
 * they dislike, may be recommended to them, and whoever has a live interaction is to have recommendations.
 */
public final class RecommendationCheck {

    private static final int EXAMPLES = 5;

    /**
     * What was found.
     *
     * @param liveUsers users with at least one live interaction
     * @param servedUsers those of them with recommendations
     * @param recommended recommended items of all users
     * @param violations recommended items that their user has or dislikes
     * @param examples some of the violations, as user and item
     */
    public record Result(long liveUsers, long servedUsers, long recommended, long violations, List<String> examples) {

        /** Whether everyone is served and nothing is wrong. */
        public boolean holds() {
            return open() == 0;
        }

        private long open() {
            return violations + liveUsers - servedUsers;
        }
    }

    private record Decision(Instant eventTime, int partition, long offset, boolean live, boolean disliked) {

        private static final Comparator<Decision> ORDER = Comparator.comparing(Decision::eventTime)
                .thenComparing(Decision::partition)
                .thenComparing(Decision::offset);
    }

    @FunctionalInterface
    private interface Reader {
        void take(ConsumerRecord<byte[], byte[]> record) throws BadRecordException;
    }

    private final String bootstrap;
    private final WireFormat format;

    /** A check of what is in single-object encoding. */
    public RecommendationCheck(String bootstrap) {
        this(bootstrap, WireFormat.SINGLE_OBJECT);
    }

    public RecommendationCheck(String bootstrap, WireFormat format) {
        this.bootstrap = bootstrap;
        this.format = format;
    }

    /** Checks the topics as they are now. */
    public Result check() {
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            return compare(decisions(consumer), recommended(consumer));
        }
    }

    /** Checks until the result holds, for serving may have events yet to take, or has not come nearer for the time. */
    public Result await(Duration time) throws InterruptedException {
        Instant deadline = Instant.now().plus(time);
        Result result = check();
        while (!result.holds() && Instant.now().isBefore(deadline)) {
            Thread.sleep(500);
            Result next = check();
            if (next.open() < result.open()) {
                deadline = Instant.now().plus(time);
            }
            result = next;
        }
        return result;
    }

    private static Result compare(Map<String, Map<String, Decision>> decisions, Map<String, List<String>> recommended) {
        Set<String> live = new HashSet<>();
        decisions.forEach((user, ofUser) -> {
            if (ofUser.values().stream().anyMatch(Decision::live)) {
                live.add(user);
            }
        });
        long served = live.stream().filter(recommended::containsKey).count();
        long items = 0;
        long violations = 0;
        List<String> examples = new ArrayList<>();
        for (Map.Entry<String, List<String>> entry : recommended.entrySet()) {
            Map<String, Decision> ofUser = decisions.getOrDefault(entry.getKey(), Map.of());
            for (String item : entry.getValue()) {
                items++;
                Decision decision = ofUser.get(item);
                if (decision != null && (decision.live() || decision.disliked())) {
                    violations++;
                    if (examples.size() < EXAMPLES) {
                        examples.add(entry.getKey() + (decision.live() ? " has " : " dislikes ") + item);
                    }
                }
            }
        }
        return new Result(live.size(), served, items, violations, examples);
    }

    /** By user and item, what decides. */
    private Map<String, Map<String, Decision>> decisions(Consumer<byte[], byte[]> consumer) {
        Map<NodeKind, Map<String, Instant>> erased = new HashMap<>();
        read(consumer, Topic.ERASURES, record -> {
            if (record.value() != null) {
                Erasure erasure = format.codec(Topic.ERASURES).decode(record.value());
                Intake.check(erasure, record.timestamp());
                erased.computeIfAbsent(erasure.getKind(), kind -> new HashMap<>())
                        .merge(erasure.getId(), erasure.getRequestedAt(), (a, b) -> a.isAfter(b) ? a : b);
            }
        });
        Map<String, Map<String, Decision>> decisions = new HashMap<>();
        read(consumer, Topic.INTERACTIONS, record -> {
            Interaction interaction = format.codec(Topic.INTERACTIONS).decode(record.value());
            Intake.check(record.key(), interaction, record.timestamp());
            if (isErased(erased, NodeKind.USER, interaction.getUser(), interaction)
                    || isErased(erased, NodeKind.ITEM, interaction.getItem(), interaction)) {
                return;
            }
            Decision decision = new Decision(
                    interaction.getEventTime(),
                    record.partition(),
                    record.offset(),
                    !Intake.isRemoval(interaction),
                    Intake.isDislike(interaction.getAction()));
            decisions
                    .computeIfAbsent(interaction.getUser(), user -> new HashMap<>())
                    .merge(interaction.getItem(), decision, (a, b) -> Decision.ORDER.compare(a, b) > 0 ? a : b);
        });
        return decisions;
    }

    private static boolean isErased(
            Map<NodeKind, Map<String, Instant>> erased, NodeKind kind, String id, Interaction interaction) {
        Instant until = erased.getOrDefault(kind, Map.of()).get(id);
        return until != null && !interaction.getEventTime().isAfter(until);
    }

    private Map<String, List<String>> recommended(Consumer<byte[], byte[]> consumer) {
        Map<String, List<String>> recommended = new HashMap<>();
        read(consumer, Topic.RECOMMENDATIONS, record -> {
            String user = new String(record.key(), StandardCharsets.UTF_8);
            if (record.value() == null) {
                recommended.remove(user);
                return;
            }
            Recommendations value = format.codec(Topic.RECOMMENDATIONS).decode(record.value());
            recommended.put(
                    user,
                    value.getItems().stream().map(RecommendedItem::getItem).toList());
        });
        return recommended;
    }

    /** Reads a topic to its present end; a record that cannot be used counts for nobody, and is passed over here too. */
    private static void read(Consumer<byte[], byte[]> consumer, Topic<?> topic, Reader reader) {
        TopicScan.assign(consumer, topic.name());
        TopicScan.toEnd(consumer, record -> {
            try {
                reader.take(record);
            } catch (BadRecordException e) {
                // A dead letter, by the job that answers for the topic.
            }
        });
    }
}

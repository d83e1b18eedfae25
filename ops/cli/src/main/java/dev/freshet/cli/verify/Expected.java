package dev.freshet.cli.verify;

import dev.freshet.codec.BadRecordException;
import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.batch.BatchGraphs;
import dev.freshet.graph.batch.Cuts;
import dev.freshet.graph.batch.LiveInteractions;
import dev.freshet.graph.batch.Recall;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * What a snapshot must hold, computed in one go from the topics themselves, with no more in common with the graph job than the
 * rules for bad records and the definitions of the graphs.
 *
 * @param events interactions on the topic, bad ones included
 * @param interactions live pairs by (user, item) ascending
 * @param items items in force by id
 * @param graphs lists of each graph by node ascending
 * @param approximate graphs by content with more nodes than are compared with all others
 * @param refused records that belong into dead letters, as topic-partition@offset
 * @param recall share of the edges of each graph without cuts that is left, where something is cut
 */
record Expected(
        long events,
        List<LiveInteraction> interactions,
        Map<String, Item> items,
        Map<String, List<NeighborList>> graphs,
        Set<String> approximate,
        Set<String> refused,
        Map<String, Double> recall) {

    /** Pairs of items and of users up to which the graphs without cuts are computed, for their recall. */
    private static final long MAX_EXACT_PAIRS = 2_000_000_000L;

    /** Reads the topics up to {@code ends} and computes everything. */
    static Expected compute(TopicReader reader, Map<TopicPartition, Long> ends, GraphSettings settings) {
        Builder builder = new Builder();
        reader.read(ends, builder::add);
        List<LiveInteraction> live = builder.interactions.live(settings);
        Map<String, Item> items = builder.itemsInForce();
        Map<String, List<NeighborList>> graphs = BatchGraphs.all(live, items.values(), settings);
        return new Expected(
                builder.events,
                live,
                items,
                graphs,
                approximate(graphs, settings),
                builder.refused,
                recall(live, graphs, settings));
    }

    private static Set<String> approximate(Map<String, List<NeighborList>> graphs, GraphSettings settings) {
        Set<String> names = new TreeSet<>(graphs.keySet());
        names.removeIf(name -> !GraphNames.isItemContent(name) && !GraphNames.isUserProfile(name)
                || graphs.get(name).size() <= settings.contentExact());
        return names;
    }

    /** Against the graphs without cuts; none where nothing is cut, or where these are too large. */
    private static Map<String, Double> recall(
            List<LiveInteraction> live, Map<String, List<NeighborList>> graphs, GraphSettings settings) {
        Map<String, Double> recall = new TreeMap<>();
        if (Cuts.apply(live, settings).size() < live.size() && Cuts.pairs(live) <= MAX_EXACT_PAIRS) {
            BatchGraphs.all(live, List.of(), settings.withCuts(GraphSettings.UNLIMITED, GraphSettings.UNLIMITED))
                    .forEach((name, exact) -> recall.put(name, Recall.of(graphs.get(name), exact)));
        }
        return recall;
    }

    /** Name of a record for people. */
    static String place(String topic, int partition, long offset) {
        return topic + "-" + partition + "@" + offset;
    }

    private static final class Builder {
        private final LiveInteractions interactions = new LiveInteractions();
        private final Map<String, Item> items = new TreeMap<>();
        private final Map<String, Instant> appended = new HashMap<>();
        private final Map<String, Instant> erased = new HashMap<>();
        private final Map<String, Integer> dimensions = new HashMap<>();
        private final Set<String> refused = new TreeSet<>();
        private long events;

        void add(ConsumerRecord<byte[], byte[]> record) {
            try {
                if (record.topic().equals(Topic.INTERACTIONS.name())) {
                    events++;
                    Interaction event = Topic.INTERACTIONS.codec().decode(record.value());
                    Intake.check(record.key(), event, record.timestamp());
                    interactions.add(event, record.partition(), record.offset());
                } else if (record.topic().equals(Topic.ITEMS.name())) {
                    addItem(record);
                } else if (record.topic().equals(Topic.ERASURES.name()) && record.value() != null) {
                    Erasure erasure = Topic.ERASURES.codec().decode(record.value());
                    Intake.check(erasure, record.timestamp());
                    interactions.erase(erasure);
                    if (erasure.getKind() == NodeKind.ITEM) {
                        erased.merge(erasure.getId(), erasure.getRequestedAt(), (a, b) -> a.isAfter(b) ? a : b);
                    }
                }
            } catch (BadRecordException e) {
                refused.add(place(record.topic(), record.partition(), record.offset()));
            }
        }

        private void addItem(ConsumerRecord<byte[], byte[]> record) throws BadRecordException {
            String key = new String(record.key(), StandardCharsets.UTF_8);
            if (record.value() == null) {
                items.remove(key);
                return;
            }
            Item item = Topic.ITEMS.codec().decode(record.value());
            Intake.check(record.key(), item, dimensions);
            item.getFeatures().forEach((modality, vector) -> dimensions.putIfAbsent(modality, vector.size()));
            items.put(item.getItem(), item);
            appended.put(item.getItem(), Instant.ofEpochMilli(record.timestamp()));
        }

        Map<String, Item> itemsInForce() {
            items.keySet().removeIf(item -> !appended.get(item).isAfter(erased.getOrDefault(item, Instant.MIN)));
            return items;
        }
    }
}

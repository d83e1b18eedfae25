package dev.freshet.cli.replay;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Follows the lists of all contenders on their topics, committed ones alone, from the beginning. */
final class ListWatch implements AutoCloseable {

    /** Told of every list that an event caused. */
    interface Answers {
        void answered(Contender contender, String user);
    }

    private static final Map<String, Contender> BY_LABEL = new HashMap<>();

    static {
        for (Contender contender : Contender.values()) {
            BY_LABEL.put(contender.label(), contender);
        }
    }

    private final Consumer<byte[], byte[]> consumer;
    private final Map<Contender, Map<String, Prediction>> newest = new EnumMap<>(Contender.class);
    private final Map<Contender, Long> answers = new EnumMap<>(Contender.class);
    /** The model version of the newest list of each user, by the live loop. */
    private final Map<String, String> versions = new HashMap<>();
    /** Ids as they were seen first: a list shares them with the others. */
    private final Map<String, String> ids = new HashMap<>();

    private String newestVersion;

    ListWatch(String bootstrap) {
        for (Contender contender : Contender.values()) {
            newest.put(contender, new HashMap<>());
            answers.put(contender, 0L);
        }
        consumer = Consumers.committed(bootstrap);
        SchemaTopic.load(consumer);
        List<TopicPartition> partitions = new ArrayList<>();
        for (Topic<?> topic : List.of(Topic.RECOMMENDATIONS, Topic.SHADOW_RECOMMENDATIONS)) {
            partitions.addAll(Consumers.partitions(consumer, topic.name()));
        }
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    /** Takes in what has come by now, or else what comes first within the time. */
    void poll(Duration time, Answers listener) throws IOException {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(time)) {
            if (record.value() == null) {
                continue;
            }
            Contender contender = contender(record);
            Recommendations list;
            try {
                list = Topic.RECOMMENDATIONS.codec().decode(record.value());
            } catch (BadRecordException e) {
                throw new IOException(record.topic() + ", offset " + record.offset() + ": " + e.getMessage(), e);
            }
            take(contender, list);
            if (list.getCausedBy() != null) {
                answers.merge(contender, 1L, Long::sum);
                listener.answered(contender, list.getUser());
            }
        }
    }

    private static Contender contender(ConsumerRecord<byte[], byte[]> record) throws IOException {
        if (record.topic().equals(Topic.RECOMMENDATIONS.name())) {
            return Contender.LIVE;
        }
        String key = new String(record.key(), StandardCharsets.UTF_8);
        Contender contender = BY_LABEL.get(key.substring(0, Math.max(0, key.indexOf(':'))));
        if (contender == null) {
            throw new IOException(record.topic() + ", offset " + record.offset() + ": no variant in the key " + key);
        }
        return contender;
    }

    private void take(Contender contender, Recommendations list) {
        List<String> items = new ArrayList<>(list.getItems().size());
        for (RecommendedItem item : list.getItems()) {
            items.add(ids.computeIfAbsent(item.getItem(), id -> id));
        }
        newest.get(contender).put(list.getUser(), new Prediction(items, fallback(contender, list)));
        if (contender == Contender.LIVE && list.getModelVersion() != null) {
            versions.put(list.getUser(), list.getModelVersion());
            // Versions sort by age.
            if (newestVersion == null || list.getModelVersion().compareTo(newestVersion) > 0) {
                newestVersion = list.getModelVersion();
            }
        }
    }

    private static boolean fallback(Contender contender, Recommendations list) {
        return list.getItems().stream()
                .flatMap(item -> item.getReasons().stream())
                .noneMatch(reason -> reason.getKind().equals(contender.reason()));
    }

    /** What every contender recommends to a user; empty until there is a list of each. */
    Map<Contender, Prediction> lists(String user) {
        Map<Contender, Prediction> lists = new EnumMap<>(Contender.class);
        newest.forEach((contender, byUser) -> {
            Prediction list = byUser.get(user);
            if (list != null) {
                lists.put(contender, list);
            }
        });
        return lists.size() == Contender.values().length ? lists : Collections.emptyMap();
    }

    /** Number of events that every contender has answered. */
    long answers() {
        return answers.values().stream().mapToLong(Long::longValue).min().orElseThrow();
    }

    /** Newest model version among the lists of the live loop, or null. */
    String newestVersion() {
        return newestVersion;
    }

    /** Users whose list is of a model version. */
    long users(String version) {
        return versions.values().stream().filter(version::equals).count();
    }

    /** Users that have a list. */
    int users() {
        return newest.get(Contender.LIVE).size();
    }

    @Override
    public void close() {
        consumer.close();
    }
}

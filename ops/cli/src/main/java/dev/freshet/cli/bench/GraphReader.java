package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.codec.BadRecordException;
import dev.freshet.graph.GraphNames;
import dev.freshet.schema.NeighborList;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;

/**
 * Reads the topic {@code neighbors}, and tells the events when a list of their item in the graph item-jaccard knows of them: every event is of
 * a user that did not have the item, so that the list's degree rises by one with each, and says how many it has seen.
 */
final class GraphReader implements AutoCloseable {

    private static final String GRAPH = Keys.neighbors(GraphNames.ITEM_JACCARD, "");

    private final ReaderThread thread;
    private volatile SentEvents sent;

    GraphReader(String bootstrap) {
        thread = new ReaderThread(bootstrap, List.of(Topic.NEIGHBORS.name()), this::take);
    }

    /** From now on these events are waited for. */
    void follow(SentEvents events) {
        sent = events;
    }

    private void take(ConsumerRecords<byte[], byte[]> records, long nanos) throws BadRecordException {
        SentEvents events = sent;
        for (ConsumerRecord<byte[], byte[]> record : records) {
            if (events != null
                    && record.value() != null
                    && new String(record.key(), StandardCharsets.UTF_8).startsWith(GRAPH)) {
                NeighborList list = Topic.NEIGHBORS.codec().decode(record.value());
                events.listed(list.getNode(), list.getDegree(), nanos);
            }
        }
    }

    void check() throws CliException {
        thread.check();
    }

    @Override
    public void close() {
        thread.close();
    }
}

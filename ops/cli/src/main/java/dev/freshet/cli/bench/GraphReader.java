package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Topic;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads the topic {@code neighbors} beside the manifests. A list names its checkpoint, and the checkpoint's manifest the events that it
 * has seen; so an event shows when the last list of the first checkpoint that has seen it is read.
 */
final class GraphReader implements AutoCloseable {

    private final ReaderThread thread;
    /** When the last list of a checkpoint was read. */
    private final TreeMap<Long, Long> read = new TreeMap<>();
    /** Offsets of the interactions that a checkpoint has not seen, by partition. */
    private final TreeMap<Long, Map<Integer, Long>> seen = new TreeMap<>();

    GraphReader(String bootstrap) {
        thread = new ReaderThread(bootstrap, List.of(Topic.NEIGHBORS.name(), Topic.GRAPH_SNAPSHOTS.name()), this::take);
    }

    private synchronized void take(ConsumerRecords<byte[], byte[]> records, long nanos) throws BadRecordException {
        for (TopicPartition partition : records.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> all = records.records(partition);
            if (partition.topic().equals(Topic.GRAPH_SNAPSHOTS.name())) {
                for (ConsumerRecord<byte[], byte[]> record : all) {
                    if (record.value() != null) {
                        manifest(Topic.GRAPH_SNAPSHOTS.codec().decode(record.value()));
                    }
                }
            } else {
                lists(all, nanos);
            }
        }
    }

    private void manifest(SnapshotManifest manifest) {
        Map<Integer, Long> offsets = new HashMap<>();
        for (TopicOffset offset : manifest.getOffsets()) {
            if (offset.getTopic().equals(Topic.INTERACTIONS.name())) {
                offsets.put(offset.getPartition(), offset.getOffset());
            }
        }
        seen.put(manifest.getCheckpointId(), offsets);
    }

    /** Checkpoints follow one another within a partition: the first list and the last say which ones came. */
    private void lists(List<ConsumerRecord<byte[], byte[]>> records, long nanos) throws BadRecordException {
        long first = Long.MAX_VALUE;
        for (int at = 0; at < records.size() && first == Long.MAX_VALUE; at++) {
            first = version(records.get(at), first);
        }
        long last = Long.MIN_VALUE;
        for (int at = records.size() - 1; at >= 0 && last == Long.MIN_VALUE; at--) {
            last = version(records.get(at), last);
        }
        for (long checkpoint = first; checkpoint <= last; checkpoint++) {
            read.merge(checkpoint, nanos, Math::max);
        }
    }

    /** The checkpoint of a list; of a tombstone, which has none, {@code otherwise}. */
    private static long version(ConsumerRecord<byte[], byte[]> record, long otherwise) throws BadRecordException {
        return record.value() == null
                ? otherwise
                : Topic.NEIGHBORS.codec().decode(record.value()).getVersion();
    }

    /** Whether the lists of a checkpoint were read that has seen all events. */
    boolean covers(SentEvents sent) {
        return latencies(sent).getTotalCount() == sent.size();
    }

    /** From when an event was due until the lists that know of it were read, of those events whose lists were. */
    synchronized Histogram latencies(SentEvents sent) {
        Histogram latencies = SentEvents.latencies();
        sent.forEach((due, partition, offset) -> {
            for (Map.Entry<Long, Map<Integer, Long>> checkpoint : seen.entrySet()) {
                if (partition >= 0 && checkpoint.getValue().getOrDefault(partition, 0L) > offset) {
                    Long at = read.get(checkpoint.getKey());
                    if (at != null) {
                        latencies.recordValue(SentEvents.micros(at - due));
                    }
                    break;
                }
            }
        });
        return latencies;
    }

    void check() throws CliException {
        thread.check();
    }

    @Override
    public void close() {
        thread.close();
    }
}

package dev.freshet.graphjob;

import dev.freshet.schema.TopicOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Reads the records of one topic as they come from the broker. It is chained to the source, so that what it has seen at a
 * barrier is exactly what lies before the barrier: from that come the input positions of the cut.
 *
 * @param <OUT> what a good record becomes
 */
abstract class RecordIntake<OUT> extends AbstractStreamOperator<OUT> implements OneInputStreamOperator<RawRecord, OUT> {

    private static final long serialVersionUID = 1L;

    private final Schemas schemas;
    private transient Map<Integer, long[]> progress;
    private transient String topic;
    private transient Counter records;
    private transient Counter deadLetters;

    RecordIntake(Schemas schemas) {
        this.schemas = schemas;
    }

    @Override
    public void open() throws Exception {
        super.open();
        schemas.follow();
        progress = new TreeMap<>();
        records = JobMetric.EVENTS.counter(getMetricGroup());
        deadLetters = JobMetric.DEAD_LETTERS.counter(getMetricGroup());
    }

    @Override
    public final void processElement(StreamRecord<RawRecord> element) throws Exception {
        RawRecord record = element.getValue();
        records.inc();
        topic = record.topic;
        long[] position = progress.computeIfAbsent(record.partition, partition -> new long[] {0, Long.MIN_VALUE});
        position[0] = record.offset + 1;
        long eventTime = read(record);
        position[1] = Math.max(position[1], eventTime);
    }

    /** Passes a record on, or refuses it; returns its event time, or the least long if it has none. */
    abstract long read(RawRecord record) throws Exception;

    final void refuse(RawRecord record, String reason) {
        deadLetters.inc();
        output.collect(DeadLetters.TAG, new StreamRecord<>(DeadLetters.of(record, reason)));
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        if (!progress.isEmpty()) {
            List<TopicOffset> offsets = new ArrayList<>();
            CutPart part = new CutPart();
            part.eventTimes = new long[progress.size()];
            for (Map.Entry<Integer, long[]> partition : progress.entrySet()) {
                part.eventTimes[offsets.size()] = partition.getValue()[1];
                offsets.add(new TopicOffset(topic, partition.getKey(), partition.getValue()[0]));
            }
            part.manifest = Cut.manifest(List.of(), Map.of(), offsets);
            output.collect(Cut.TAG, new StreamRecord<>(part));
            progress.clear();
        }
    }
}

package dev.freshet.graphjob;

import dev.freshet.schema.DeadLetter;
import dev.freshet.topic.Topic;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.util.OutputTag;

/** Records that cannot be used, with their bytes. */
final class DeadLetters {

    static final OutputTag<Outbound> TAG = new OutputTag<>("dead-letters", Types.POJO(Outbound.class));

    private DeadLetters() {}

    static Outbound of(RawRecord record, String reason) {
        DeadLetter letter = DeadLetter.newBuilder()
                .setTopic(record.topic)
                .setPartition(record.partition)
                .setOffset(record.offset)
                .setKey(record.key == null ? null : ByteBuffer.wrap(record.key))
                .setValue(record.value == null ? null : ByteBuffer.wrap(record.value))
                .setTimestamp(Instant.ofEpochMilli(record.timestamp))
                .setReason(reason)
                .setJob(JobVersion.get())
                .setRefusedAt(Instant.now())
                .build();
        return new Outbound(
                Topic.DEAD_LETTERS.name(),
                record.topic.getBytes(StandardCharsets.UTF_8),
                Topic.DEAD_LETTERS.codec().encode(letter));
    }
}

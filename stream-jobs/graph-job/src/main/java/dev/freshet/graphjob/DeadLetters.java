package dev.freshet.graphjob;

import dev.freshet.schema.DeadLetter;
import dev.freshet.topic.DeadLetterFactory;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.util.OutputTag;

/** Records that cannot be used, with their bytes. */
final class DeadLetters {

    static final OutputTag<Outbound> TAG = new OutputTag<>("dead-letters", Types.POJO(Outbound.class));

    private DeadLetters() {}

    static Outbound of(RawRecord record, String reason) {
        DeadLetter letter = DeadLetterFactory.letter(
                record.topic,
                record.partition,
                record.offset,
                record.timestamp,
                record.key,
                record.value,
                reason,
                JobVersion.get());
        return new Outbound(
                Topic.DEAD_LETTERS.name(),
                record.topic.getBytes(StandardCharsets.UTF_8),
                Topic.DEAD_LETTERS.codec().encode(letter));
    }
}

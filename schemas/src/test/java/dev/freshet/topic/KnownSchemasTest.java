package dev.freshet.topic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.Control;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KnownSchemasTest {

    private static final TopicPartition PARTITION = new TopicPartition(SchemaTopic.NAME, 0);

    private long now;
    private int searches;
    private final KnownSchemas known = new KnownSchemas(() -> now);
    private final MockConsumer<byte[], byte[]> topic = new MockConsumer<>("earliest") {
        @Override
        public synchronized Map<TopicPartition, Long> endOffsets(java.util.Collection<TopicPartition> partitions) {
            searches++;
            return super.endOffsets(partitions);
        }
    };

    @BeforeEach
    void follow() {
        topic.updatePartitions(
                SchemaTopic.NAME,
                List.of(new PartitionInfo(SchemaTopic.NAME, 0, Node.noNode(), new Node[0], new Node[0])));
        topic.updateBeginningOffsets(Map.of(PARTITION, 0L));
        topic.updateEndOffsets(Map.of(PARTITION, 0L));
        known.follow("broker", () -> topic);
        searches = 0;
    }

    private void publish(Schema schema) {
        topic.addRecord(new ConsumerRecord<>(
                SchemaTopic.NAME, 0, 0, null, schema.toString().getBytes(StandardCharsets.UTF_8)));
        topic.updateEndOffsets(Map.of(PARTITION, 1L));
    }

    @Test
    void aBurstOfGarbageDoesNotSearchForEachValue() {
        known.findByFingerprint(1);
        int perSearch = searches;
        for (int value = 0; value < 10_000; value++) {
            assertThat(known.findByFingerprint(1)).isNull();
        }
        assertThat(searches).isEqualTo(KnownSchemas.SEARCHES * perSearch);
        now += KnownSchemas.REST.toNanos();
        for (int value = 0; value < 10_000; value++) {
            assertThat(known.findByFingerprint(1)).isNull();
        }
        assertThat(searches).isEqualTo((KnownSchemas.SEARCHES + 1) * perSearch);
    }

    @Test
    void aSchemaThatIsPublishedDuringABurstIsFoundWithItsFirstValue() {
        for (int value = 0; value < 10_000; value++) {
            known.findByFingerprint(1);
        }
        Schema schema = Control.getClassSchema();
        publish(schema);
        assertThat(known.findByFingerprint(SchemaNormalization.parsingFingerprint64(schema)))
                .isEqualTo(schema);
    }

    @Test
    void aSchemaThatIsPublishedAfterManyOfItsValuesIsFoundSoon() {
        Schema schema = Control.getClassSchema();
        long fingerprint = SchemaNormalization.parsingFingerprint64(schema);
        for (int value = 0; value < 10_000; value++) {
            known.findByFingerprint(fingerprint);
        }
        publish(schema);
        now += KnownSchemas.REST.toNanos();
        assertThat(known.findByFingerprint(fingerprint)).isEqualTo(schema);
    }
}

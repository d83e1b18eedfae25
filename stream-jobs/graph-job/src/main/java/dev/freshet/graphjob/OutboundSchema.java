package dev.freshet.graphjob;

import java.util.List;
import java.util.Optional;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Writes records to the topics that they name. One sink for all topics: lists, dead letters and manifest of a cut are committed
 * in one transaction per subtask. Pooled transaction names need to know the topics.
 */
final class OutboundSchema implements KafkaRecordSerializationSchema<Outbound>, KafkaDatasetFacetProvider {

    private static final long serialVersionUID = 1L;

    private final String[] topics;

    OutboundSchema(String... topics) {
        this.topics = topics;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(Outbound record, KafkaSinkContext context, Long timestamp) {
        return new ProducerRecord<>(record.topic, record.key, record.value);
    }

    @Override
    public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
        return Optional.of(new DefaultKafkaDatasetFacet(DefaultKafkaDatasetIdentifier.ofTopics(List.of(topics))));
    }
}

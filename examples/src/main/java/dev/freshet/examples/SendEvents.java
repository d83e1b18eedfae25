package dev.freshet.examples;

import dev.freshet.schema.Interaction;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Tells Freshet what a user did, with the classes of the module {@code schemas}. Arguments: Kafka's address, user, item, action, and
 * the address of the schema registry if Freshet runs with one.
 */
public final class SendEvents {

    private SendEvents() {}

    public static void main(String[] args) throws Exception {
        if (args.length < 4 || args.length > 5) {
            System.err.println("usage: SendEvents HOST:PORT USER ITEM ACTION [REGISTRY]");
            System.exit(2);
        }
        WireFormat format = WireFormat.open(args.length == 5 ? args[4] : null);
        Map<String, Object> settings =
                Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, args[0], ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        try (Producer<byte[], byte[]> producer =
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            // Once at the start of a program: readers of another version find here how its records were written.
            SchemaTopic.publish(producer);

            Interaction event = Interaction.newBuilder()
                    .setUser(args[1])
                    .setItem(args[2])
                    .setAction(args[3])
                    .setEventTime(Instant.now().truncatedTo(ChronoUnit.MILLIS))
                    .build();
            // The key is the user's id: the partition follows from it, and Freshet refuses another.
            byte[] key = event.getUser().getBytes(StandardCharsets.UTF_8);
            producer.send(new ProducerRecord<>(
                            Topic.INTERACTIONS.name(),
                            key,
                            format.codec(Topic.INTERACTIONS).encode(event)))
                    .get();
        }
    }
}

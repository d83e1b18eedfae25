package dev.freshet.serving;

import dev.freshet.codec.Vectors;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.OffsetRange;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.serving.score.ModelFixture;
import dev.freshet.testkit.ReleaseFixture;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What the rest of the loop does to serving: events, items, releases as the trainer publishes them. */
final class LoopFixture {

    static final Duration PATIENCE = Duration.ofSeconds(60);
    static final Instant EPOCH = Instant.ofEpochMilli(1_700_000_000_000L);

    private final TestKafka kafka;

    LoopFixture(TestKafka kafka) {
        this.kafka = kafka;
    }

    /** Empty topics, and no member of an earlier test in the group. */
    void reset(int partitions) throws InterruptedException {
        try {
            kafka.admin()
                    .removeMembersFromConsumerGroup(
                            StreamSettings.APPLICATION, new RemoveMembersFromConsumerGroupOptions())
                    .all()
                    .get();
        } catch (ExecutionException e) {
            // No group yet.
        }
        kafka.freshTopics(partitions);
    }

    static Interaction interaction(String user, String item, String action, long second) {
        return Interaction.newBuilder()
                .setUser(user)
                .setItem(item)
                .setAction(action)
                .setEventTime(EPOCH.plusSeconds(second))
                .build();
    }

    void interact(String user, String item, String action, long second) {
        kafka.send(Topic.INTERACTIONS, user, interaction(user, item, action, second));
    }

    void item(String id, String title, String imageUrl) {
        kafka.send(
                Topic.ITEMS,
                id,
                Item.newBuilder()
                        .setItem(id)
                        .setTitle(title)
                        .setImageUrl(imageUrl)
                        .build());
    }

    /** Publishes a sound release in one transaction. */
    ModelRelease release(String version, Map<String, float[]> users, Map<String, float[]> items) {
        return release(version, users, items, UnaryOperator.identity());
    }

    /** Publishes embeddings and a release that is changed a little before it is sent. */
    ModelRelease release(
            String version,
            Map<String, float[]> users,
            Map<String, float[]> items,
            UnaryOperator<ModelRelease.Builder> change) {
        Map<Integer, long[]> ranges = new TreeMap<>();
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        kafka.bootstrapServers(),
                        ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                        "trainer"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            items.forEach((id, vector) -> sent.add(send(producer, version, NodeKind.ITEM, id, vector)));
            users.forEach((id, vector) -> sent.add(send(producer, version, NodeKind.USER, id, vector)));
            producer.flush();
            for (Future<RecordMetadata> future : sent) {
                RecordMetadata at = future.get();
                long[] range = ranges.computeIfAbsent(at.partition(), p -> new long[] {Long.MAX_VALUE, 0});
                range[0] = Math.min(range[0], at.offset());
                range[1] = Math.max(range[1], at.offset() + 1);
            }
            List<OffsetRange> embeddings = new ArrayList<>();
            ranges.forEach((partition, range) -> embeddings.add(new OffsetRange(partition, range[0], range[1])));
            int dimension = items.values().iterator().next().length;
            ModelRelease release = change.apply(ModelFixture.release(version, dimension, users.size(), items.size())
                            .setEmbeddings(embeddings)
                            .setReleasedAt(Instant.now())
                            .setMetrics(new HashMap<>(Map.of("recall@20", 0.1234, "ndcg@20", 0.0567))))
                    .build();
            producer.send(new ProducerRecord<>(
                    Topic.MODELS.name(),
                    bytes(release.getModel()),
                    Topic.MODELS.codec().encode(release)));
            producer.commitTransaction();
            return release;
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    private static Future<RecordMetadata> send(
            Producer<byte[], byte[]> producer, String version, NodeKind kind, String id, float[] vector) {
        ModelEmbedding.Builder builder = ReleaseFixture.embedding(version, kind, id, vector);
        if (kind == NodeKind.ITEM) {
            // As of a model with a gate.
            builder.setModalityWeights(Map.of("image", .75f, "text", .25f));
            float[] variance = new float[vector.length];
            for (int d = 0; d < variance.length; d++) {
                variance[d] = vector[d] * vector[d] / 3;
            }
            builder.setVariance(Vectors.toList(variance));
        }
        ModelEmbedding embedding = builder.build();
        return producer.send(new ProducerRecord<>(
                Topic.MODEL_EMBEDDINGS.name(),
                bytes(Keys.modelEmbedding(version, kind, id)),
                Topic.MODEL_EMBEDDINGS.codec().encode(embedding)));
    }

    void rollback(ModelRelease to) {
        kafka.send(
                Topic.MODELS,
                to.getModel(),
                ModelRelease.newBuilder(to)
                        .setAction(ReleaseAction.ROLLBACK)
                        .setReleasedAt(Instant.now())
                        .build());
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Waits until a condition holds. */
    static void await(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(what + ": not within " + PATIENCE.toSeconds() + " s");
            }
            Thread.sleep(50);
        }
    }
}

package dev.freshet.trainer.loop;

import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.OffsetRange;
import dev.freshet.topic.BuildVersion;
import dev.freshet.topic.DeadLetterFactory;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicCatalogue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the trainer writes. A release is one transaction: all embeddings, the release that says where they lie, and the decision; whoever
 * reads committed records sees all of it or nothing. Progress and dead letters are sent as they come.
 */
final class Publisher implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);

    /** One trainer per cluster: a second one fences the first. */
    private static final String TRANSACTIONAL_ID = "freshet-trainer";

    private static final int TRANSACTION_MILLIS = 300_000;

    private final Producer<byte[], byte[]> transactions;
    private final Producer<byte[], byte[]> plain;

    Publisher(String bootstrap) {
        Map<String, Object> settings = Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4",
                ProducerConfig.LINGER_MS_CONFIG, "5",
                ProducerConfig.ACKS_CONFIG, "all",
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG, TopicCatalogue.MAX_DEAD_LETTER_BYTES);
        this.plain = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        Map<String, Object> transactional = new HashMap<>(settings);
        transactional.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, TRANSACTIONAL_ID);
        transactional.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_MILLIS);
        this.transactions = new KafkaProducer<>(transactional, new ByteArraySerializer(), new ByteArraySerializer());
        this.transactions.initTransactions();
    }

    Publisher(Producer<byte[], byte[]> plain, Producer<byte[], byte[]> transactions) {
        this.plain = plain;
        this.transactions = transactions;
    }

    /**
     * Sends an evaluation, and waits until it is there if it is a decision: a run has no other trace where it is not released.
     *
     * @throws KafkaException if the decision cannot be written
     */
    void evaluation(Evaluation evaluation) {
        Future<RecordMetadata> sent =
                plain.send(record(Topic.EVALUATIONS, evaluation.getRunId(), evaluation), (metadata, failure) -> {
                    if (failure != null) {
                        LOG.warn(
                                "{}: evaluation {} not written: {}",
                                evaluation.getRunId(),
                                evaluation.getKind(),
                                failure.getMessage());
                    }
                });
        if (evaluation.getKind() == EvaluationKind.GATE) {
            await(sent);
        }
    }

    /** Sends a record that cannot be used to the dead letters, with its bytes, and waits until it is there. */
    void deadLetter(ConsumerRecord<byte[], byte[]> bad, String reason) {
        DeadLetter letter = DeadLetterFactory.letter(
                bad.topic(),
                bad.partition(),
                bad.offset(),
                bad.timestamp(),
                bad.key(),
                bad.value(),
                reason,
                "trainer " + BuildVersion.current());
        await(plain.send(record(Topic.DEAD_LETTERS, bad.topic(), letter)));
    }

    /**
     * Publishes a release whole.
     *
     * @param embeddings all embeddings of the version
     * @param release the release; where its embeddings lie is filled in here
     * @param decision the decision to release
     * @throws IOException if it failed; then nothing of it can be read, and another may be tried
     * @throws RuntimeException if no other can be tried: another trainer has taken over, or nobody knows whether it was committed
     */
    void release(Iterable<ModelEmbedding> embeddings, ModelRelease.Builder release, Evaluation decision)
            throws IOException {
        transact(() -> {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (ModelEmbedding embedding : embeddings) {
                sent.add(transactions.send(record(Topic.MODEL_EMBEDDINGS, EmbeddingRecords.key(embedding), embedding)));
            }
            transactions.flush();
            announce(release.setEmbeddings(ranges(sent)).build(), decision);
        });
    }

    /** Publishes a return to an earlier release, with the decision; throws as {@link #release} does. */
    void rollback(ModelRelease announcement, Evaluation decision) throws IOException {
        transact(() -> announce(announcement, decision));
    }

    private void transact(Runnable sends) throws IOException {
        transactions.beginTransaction();
        try {
            sends.run();
        } catch (RuntimeException e) {
            throw aborted(e);
        }
        try {
            commit();
        } catch (TimeoutException | InterruptException e) {
            throw e;
        } catch (KafkaException e) {
            throw aborted(e);
        }
    }

    private void announce(ModelRelease announcement, Evaluation decision) {
        Future<RecordMetadata> announced =
                transactions.send(record(Topic.MODELS, announcement.getModel(), announcement));
        Future<RecordMetadata> decided = transactions.send(record(Topic.EVALUATIONS, decision.getRunId(), decision));
        transactions.flush();
        await(announced);
        await(decided);
    }

    /** After a timeout the commit may be under way: nothing but a further try is allowed. */
    private void commit() {
        Instant deadline = Instant.now().plusMillis(TRANSACTION_MILLIS);
        while (true) {
            try {
                transactions.commitTransaction();
                return;
            } catch (TimeoutException e) {
                if (Instant.now().isAfter(deadline)) {
                    throw e;
                }
                LOG.warn("the commit of a release takes long; waiting on: {}", e.getMessage());
            }
        }
    }

    /** The cause of an abort; where that fails too, the cause itself goes on, and the producer is of no more use. */
    private IOException aborted(RuntimeException cause) {
        try {
            transactions.abortTransaction();
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
            throw cause;
        }
        return new IOException(cause.getMessage(), cause);
    }

    private static List<OffsetRange> ranges(List<Future<RecordMetadata>> sent) {
        Map<Integer, OffsetRange> ranges = new TreeMap<>();
        for (Future<RecordMetadata> future : sent) {
            RecordMetadata metadata = await(future);
            ranges.merge(
                    metadata.partition(),
                    new OffsetRange(metadata.partition(), metadata.offset(), metadata.offset() + 1),
                    (a, b) -> new OffsetRange(
                            a.getPartition(), Math.min(a.getStart(), b.getStart()), Math.max(a.getEnd(), b.getEnd())));
        }
        return new ArrayList<>(ranges.values());
    }

    private static <T extends SpecificRecordBase> ProducerRecord<byte[], byte[]> record(
            Topic<T> topic, String key, T value) {
        return new ProducerRecord<>(
                topic.name(),
                key.getBytes(StandardCharsets.UTF_8),
                topic.codec().encode(value));
    }

    private static RecordMetadata await(Future<RecordMetadata> sent) {
        try {
            return sent.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        } catch (ExecutionException e) {
            throw new KafkaException(e.getCause().getMessage(), e.getCause());
        }
    }

    @Override
    public void close() {
        plain.close(Duration.ofSeconds(3));
        transactions.close(Duration.ofSeconds(3));
    }
}

package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Kafka clients of the commands. */
public final class Clients {

    private Clients() {}

    /**
     * Makes sure that a broker answers.
     *
     * @throws CliException if none does within the time
     */
    public static void require(String bootstrap, Duration time) throws CliException, InterruptedException {
        Instant deadline = Instant.now().plus(time);
        Admin admin;
        try {
            admin = Admin.create(Map.of(
                    AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                    bootstrap,
                    AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                    "500"));
        } catch (KafkaException e) {
            throw new CliException(
                    "--bootstrap is '" + bootstrap + "': " + rootOf(e).getMessage(), e);
        }
        try {
            while (true) {
                try {
                    admin.describeCluster().nodes().get(2, TimeUnit.SECONDS);
                    return;
                } catch (ExecutionException | TimeoutException e) {
                    if (Instant.now().isAfter(deadline)) {
                        throw new CliException(
                                "no broker answers at " + bootstrap
                                        + "; start the loop with 'freshet up', or name one with --bootstrap",
                                e);
                    }
                }
            }
        } finally {
            // Unanswered questions are not waited for.
            admin.close(Duration.ZERO);
        }
    }

    private static Throwable rootOf(Throwable e) {
        return e.getCause() == null ? e : rootOf(e.getCause());
    }

    /** A producer that gives up after ten seconds. */
    public static Producer<byte[], byte[]> producer(String bootstrap) {
        return new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                        ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4",
                        ProducerConfig.MAX_BLOCK_MS_CONFIG, "10000",
                        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, "5000",
                        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, "10000"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }
}

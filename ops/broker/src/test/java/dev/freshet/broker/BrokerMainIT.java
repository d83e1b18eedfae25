package dev.freshet.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import dev.freshet.process.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokerMainIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private int logs;

    @Test
    void keepsRecordsOverASigtermAndAKill() throws Exception {
        int[] ports = Ports.free(2);
        try (JavaProcess broker = ready(ports)) {
            try (Admin admin = Admin.create(bootstrap(ports))) {
                admin.createTopics(List.of(new NewTopic("t", 1, (short) 1)))
                        .all()
                        .get(60, TimeUnit.SECONDS);
            }
            produce(ports, "before SIGTERM");
            assertThat(broker.stop(PATIENCE)).isTrue();
            assertThat(broker.exitCode()).hasValue(143);
        }
        try (JavaProcess broker = ready(ports)) {
            produce(ports, "before kill");
            broker.kill();
            broker.waitFor();
        }
        try (JavaProcess broker = ready(ports)) {
            assertThat(broker.isAlive()).isTrue();
            assertThat(consume(ports)).containsExactly("before SIGTERM", "before kill");
        }
    }

    @Test
    void refusesATakenPortInOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            int[] ports = {taken.getLocalPort(), Ports.free(1)[0]};

            assertRefused(start(folder.resolve("log"), ports), 1, "port " + ports[0] + " is taken", "--port");
        }
    }

    @Test
    void refusesAFolderThatItCannotWriteInOneLine() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");

        assertRefused(start(file.resolve("log"), Ports.free(2)), 1, "cannot write to", "--dir");
    }

    @Test
    void refusesAFolderInUseInOneLine() throws Exception {
        int[] ports = Ports.free(2);
        try (JavaProcess first = ready(ports)) {
            assertRefused(start(folder.resolve("log"), Ports.free(2)), 1, "in use by another broker", "--dir");
            assertThat(first.isAlive()).isTrue();
        }
    }

    @Test
    void refusesBadArgumentsInOneLine() throws Exception {
        JavaProcess broker = JavaProcess.start(
                Installation.find().jars("broker"),
                List.of(),
                BrokerMain.class.getName(),
                List.of("--dir", folder.toString(), "--port", "none"),
                log());

        assertRefused(broker, 2, "'--port'", "none");
    }

    private static void assertRefused(JavaProcess broker, int exitCode, String... words) throws InterruptedException {
        try (broker) {
            assertThat(broker.waitFor(PATIENCE)).isTrue();
            assertThat(broker.exitCode()).hasValue(exitCode);
            assertThat(broker.tail(10)).hasSize(1);
            assertThat(broker.tail(1).get(0)).contains(words);
        }
    }

    private JavaProcess ready(int[] ports) throws Exception {
        JavaProcess broker = start(folder.resolve("log"), ports);
        Instant deadline = Instant.now().plus(PATIENCE);
        while (broker.tail(20).stream().noneMatch(line -> line.contains("ready on"))) {
            assertThat(broker.isAlive() && Instant.now().isBefore(deadline))
                    .as(() -> String.join("\n", broker.tail(20)))
                    .isTrue();
            Thread.sleep(20);
        }
        return broker;
    }

    private JavaProcess start(Path dir, int[] ports) throws IOException {
        return JavaProcess.start(
                Installation.find().jars("broker"),
                List.of(),
                BrokerMain.class.getName(),
                List.of(
                        "--dir", dir.toString(),
                        "--port", Integer.toString(ports[0]),
                        "--controller-port", Integer.toString(ports[1])),
                log());
    }

    private Path log() {
        return folder.resolve("broker-" + logs++ + ".log");
    }

    private static Map<String, Object> bootstrap(int[] ports) {
        return Map.of("bootstrap.servers", "127.0.0.1:" + ports[0]);
    }

    private static void produce(int[] ports, String value) throws Exception {
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(bootstrap(ports), new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>("t", value)).get(60, TimeUnit.SECONDS);
        }
    }

    private static List<String> consume(int[] ports) {
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(bootstrap(ports), new StringDeserializer(), new StringDeserializer())) {
            TopicPartition partition = new TopicPartition("t", 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            List<String> values = new ArrayList<>();
            Instant deadline = Instant.now().plus(PATIENCE);
            while (consumer.position(partition)
                    < consumer.endOffsets(List.of(partition)).get(partition)) {
                assertThat(Instant.now()).isBefore(deadline);
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    values.add(record.value());
                }
            }
            return values;
        }
    }
}

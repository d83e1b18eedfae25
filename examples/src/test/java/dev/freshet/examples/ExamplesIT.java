package dev.freshet.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.process.JavaProcess;
import dev.freshet.process.Ports;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.testkit.Python;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.connect.cli.ConnectStandalone;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.StringConverter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExamplesIT {

    private final TestKafka kafka = TestKafka.shared();

    @TempDir
    private Path folder;

    @BeforeEach
    void topics() {
        kafka.freshTopics(2);
    }

    @Test
    void anEventIsSent() throws Exception {
        SendEvents.main(new String[] {kafka.bootstrapServers(), "ann", "tea", "click"});

        List<Received<Interaction>> sent = kafka.drain(Topic.INTERACTIONS);
        assertThat(sent).hasSize(1);
        assertThat(sent.get(0).key()).isEqualTo("ann");
        assertThat(sent.get(0).value().getItem()).isEqualTo("tea");
    }

    @Test
    void recommendationsAreRead() throws Exception {
        sendLists();

        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            ReadRecommendations.main(new String[] {kafka.bootstrapServers(), "example", "2"});
        } finally {
            System.setOut(before);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8).lines().filter(line -> line.startsWith("ann")))
                .containsExactly("ann: tea, cake", "ann: forgotten");
    }

    private void sendLists() {
        kafka.send(
                Topic.RECOMMENDATIONS,
                "ann",
                Recommendations.newBuilder()
                        .setUser("ann")
                        .setItems(List.of(
                                new RecommendedItem("tea", 2.0, List.of()),
                                new RecommendedItem("cake", 1.0, List.of())))
                        .setModelVersion(null)
                        .setGeneratedAt(Instant.EPOCH)
                        .build());
        kafka.send(Topic.RECOMMENDATIONS, "ann", null);
    }

    /** A worker of its own, set up as the docs say: the plugin apart from Connect's own jars, the recipe as it is. */
    @Test
    void connectTurnsLinesIntoInteractions() throws Exception {
        Path lines = Files.writeString(
                folder.resolve("events.csv"),
                "timestamp,user,item,action\n1700000000000,ann,tea,click\n1700000001000,bob,cake,purchase\n");
        Properties recipe = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of("connect-interactions.properties"))) {
            recipe.load(reader);
        }
        recipe.setProperty("file", lines.toString());
        Properties worker = new Properties();
        worker.setProperty("bootstrap.servers", kafka.bootstrapServers());
        worker.setProperty("key.converter", StringConverter.class.getName());
        worker.setProperty("value.converter", StringConverter.class.getName());
        worker.setProperty(
                "offset.storage.file.filename", folder.resolve("offsets").toString());
        worker.setProperty("listeners", "http://127.0.0.1:" + Ports.free(1)[0]);
        worker.setProperty("plugin.path", folder.resolve("plugins").toString());
        worker.setProperty("plugin.discovery", "service_load");
        Path plugin = Files.createDirectories(folder.resolve("plugins").resolve("freshet"));
        Path jars = Files.createDirectories(folder.resolve("worker"));
        try (DirectoryStream<Path> own = Files.newDirectoryStream(Path.of("target"), "examples-*.jar")) {
            for (Path jar : own) {
                Files.createSymbolicLink(plugin.resolve(jar.getFileName()), jar.toAbsolutePath());
            }
        }
        for (Path jar : classPath()) {
            String name = jar.getFileName().toString();
            if (name.matches("(schemas|avro|connect-file)-.*")) {
                Files.createSymbolicLink(plugin.resolve(name), jar);
            } else if (name.endsWith(".jar") && !name.startsWith("examples-")) {
                Files.createSymbolicLink(jars.resolve(name), jar);
            }
        }

        List<Received<Interaction>> sent;
        try (JavaProcess connect = JavaProcess.start(
                jars,
                List.of("-XX:TieredStopAtLevel=1"),
                ConnectStandalone.class.getName(),
                List.of(save("worker", worker), save("recipe", recipe)),
                folder.resolve("connect.log"))) {
            try {
                sent = kafka.awaitRecords(Topic.INTERACTIONS, record -> true, 2, Duration.ofSeconds(90));
            } catch (AssertionError e) {
                throw new AssertionError(e.getMessage() + "\n" + String.join("\n", connect.tail(40)), e);
            }
        }
        for (Received<Interaction> record : sent) {
            Intake.check(
                    record.key().getBytes(StandardCharsets.UTF_8),
                    record.value(),
                    record.timestamp().toEpochMilli());
        }
        assertThat(sent).extracting(Received::key).containsExactlyInAnyOrder("ann", "bob");
        assertThat(sent).extracting(record -> record.value().getItem()).containsExactlyInAnyOrder("tea", "cake");
        assertThat(sent)
                .extracting(record -> record.value().getEventTime())
                .contains(Instant.ofEpochMilli(1_700_000_001_000L));
    }

    private static List<Path> classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .toList();
    }

    private String save(String name, Properties settings) throws IOException {
        Path file = folder.resolve(name + ".properties");
        try (Writer out = Files.newBufferedWriter(file)) {
            settings.store(out, null);
        }
        return file.toString();
    }

    @Test
    void aLineThatIsNoEventSaysWhy() {
        try (EventLines<SourceRecord> events = new EventLines<>()) {
            SourceRecord line = new SourceRecord(Map.of(), Map.of(), "interactions", null, "yesterday,ann,tea,click");
            assertThatThrownBy(() -> events.apply(line))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("'yesterday' is no time");
        }
    }

    /** The programs as they lie there, with Debian's libraries; RegistryIT runs them with a registry. */
    @Test
    void pythonSendsAndReads() throws Exception {
        Python.assumeLibraries();

        Python.Output sent = Python.run("send_event.py", kafka.bootstrapServers(), "ann", "tea", "click");
        assertThat(sent.exitCode()).as(sent.text()).isZero();
        Received<Interaction> event = kafka.drain(Topic.INTERACTIONS).get(0);
        Intake.check(
                "ann".getBytes(StandardCharsets.UTF_8),
                event.value(),
                event.timestamp().toEpochMilli());
        assertThat(event.value().getItem()).isEqualTo("tea");
        assertThat(event.value().getEventTime()).isCloseTo(event.timestamp(), within(1, ChronoUnit.MINUTES));
        // The one that Java's producers choose, which librdkafka's own way of choosing does not for this user.
        assertThat(event.partition())
                .isEqualTo(kafka.send(Topic.INTERACTIONS, "ann", event.value()).partition());

        sendLists();
        Python.Output read = Python.run("read_recommendations.py", kafka.bootstrapServers(), "python", "2");
        assertThat(read.text().lines()).containsExactly("ann: tea, cake", "ann: forgotten");
    }
}

package dev.freshet.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.schema.Interaction;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Topic;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.file.FileStreamSourceTask;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTaskContext;
import org.apache.kafka.connect.storage.OffsetStorageReader;
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

    /** Connect's own source, set up as the recipe says, then its transformation: what a worker does. */
    @Test
    void connectTurnsLinesIntoInteractions() throws Exception {
        Path file = folder.resolve("events.csv");
        Files.writeString(
                file, "timestamp,user,item,action\n1700000000000,ann,tea,click\n1700000001000,bob,cake,purchase\n");
        Properties recipe = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of("connect-interactions.properties"))) {
            recipe.load(reader);
        }
        assertThat(recipe.getProperty("transforms.events.type")).isEqualTo(EventLines.class.getName());
        assertThat(Class.forName(recipe.getProperty("connector.class"))).isNotNull();
        Map<String, String> settings = new HashMap<>();
        recipe.stringPropertyNames().forEach(name -> settings.put(name, recipe.getProperty(name)));
        settings.put("file", file.toString());

        FileStreamSourceTask source = new FileStreamSourceTask();
        source.initialize(new NothingRead());
        source.start(settings);
        List<SourceRecord> lines = new ArrayList<>();
        while (lines.size() < 3) {
            List<SourceRecord> more = source.poll();
            lines.addAll(more == null ? List.of() : more);
        }
        source.stop();

        try (EventLines<SourceRecord> events = new EventLines<>();
                StringConverter keys = new StringConverter()) {
            keys.configure(Map.of(), true);
            for (SourceRecord line : lines) {
                SourceRecord event = events.apply(line);
                if (event != null) {
                    kafka.sendBytes(
                            event.topic(), keys.fromConnectData(event.topic(), event.keySchema(), event.key()), (byte[])
                                    event.value());
                }
            }
            assertThatThrownBy(() -> events.apply(
                            lines.get(1).newRecord("t", null, null, null, null, "yesterday,ann,tea,click", null)))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("'yesterday' is no time");
        }
        Map<String, Interaction> sent = kafka.table(Topic.INTERACTIONS);
        assertThat(sent).containsOnlyKeys("ann", "bob");
        assertThat(sent.get("bob").getEventTime()).isEqualTo(Instant.ofEpochMilli(1_700_000_001_000L));
    }

    /** A worker that has not read anything yet. */
    private static final class NothingRead implements SourceTaskContext {
        @Override
        public Map<String, String> configs() {
            return Map.of();
        }

        @Override
        public PluginMetrics pluginMetrics() {
            throw new UnsupportedOperationException();
        }

        @Override
        public OffsetStorageReader offsetStorageReader() {
            return new OffsetStorageReader() {
                @Override
                public <T> Map<String, Object> offset(Map<String, T> partition) {
                    return null;
                }

                @Override
                public <T> Map<Map<String, T>, Map<String, Object>> offsets(Collection<Map<String, T>> partitions) {
                    return Map.of();
                }
            };
        }
    }
}

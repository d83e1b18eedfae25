package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.codec.BadRecordException;
import dev.freshet.process.Installation;
import dev.freshet.process.Ports;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.testkit.Python;
import dev.freshet.testkit.TestKafka;
import dev.freshet.testkit.TestRegistry;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/** The wire format with a real registry. */
class RegistryIT {

    private static final TestKafka KAFKA = TestKafka.shared();

    private String registry;

    @TempDir
    private Path folder;

    @BeforeEach
    void registry() {
        Optional<TestRegistry> shared = TestRegistry.shared();
        assumeTrue(shared.isPresent(), "no Java 21 for a registry");
        registry = shared.get().address();
    }

    /** The check of docker-compose.yml, asked about this registry, and about a port where nobody listens. */
    @Test
    void theContainersHealthCheckTellsWhetherItAnswers() throws Exception {
        Map<String, Map<String, Map<String, Map<String, List<String>>>>> compose =
                new Yaml().load(Files.readString(Installation.find().home().resolve("docker-compose.yml")));
        List<String> check =
                compose.get("services").get("registry").get("healthcheck").get("test");
        assertThat(check).startsWith("CMD", "bash", "-c");
        int port = URI.create(registry).getPort();
        assertThat(healthy(check, port)).isTrue();
        assertThat(healthy(check, Ports.free(1)[0])).isFalse();
    }

    private static boolean healthy(List<String> check, int port) throws Exception {
        // Compose writes a dollar twice.
        List<String> command = check.stream()
                .skip(1)
                .map(part -> part.replace("localhost/8080", "127.0.0.1/" + port).replace("$$", "$"))
                .toList();
        return new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }

    @Test
    void aProducersOwnSchemaIsResolvedAndAnIdThatNobodyHasIsABadRecord() throws Exception {
        WireFormat format = WireFormat.open(registry);
        List<Schema.Field> fields = new ArrayList<>();
        Interaction.getClassSchema().getFields().forEach(field -> {
            // Fields with a default may be missing, and there may be others.
            if (!field.hasDefaultValue()) {
                fields.add(new Schema.Field(field, field.schema()));
            }
        });
        fields.add(0, new Schema.Field("shop", Schema.create(Schema.Type.STRING), "Where.", "web"));
        Schema own = Schema.createRecord("Interaction", null, "dev.freshet.schema", false, fields);
        int id = RegistrySchemas.register(registry, "shop-value", own);

        assertThat(format.codec(Topic.INTERACTIONS).decode(framed(id, own)))
                .isEqualTo(new Interaction("ann", "tea", "click", 1.0, Instant.EPOCH, null));

        assertThatThrownBy(() -> format.codec(Topic.INTERACTIONS).decode(framed(1_000_000, own)))
                .isInstanceOf(BadRecordException.class)
                .hasMessageContaining("no schema 1000000");
    }

    private static byte[] framed(int id, Schema schema) throws Exception {
        GenericRecord record = new GenericData.Record(schema);
        record.put("shop", "here");
        record.put("user", "ann");
        record.put("item", "tea");
        record.put("action", "click");
        record.put("eventTime", 0L);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        new GenericDatumWriter<GenericRecord>(schema).write(record, encoder);
        return out.toByteArray();
    }

    @Test
    void whatTheCommandsSendAnyClientOfTheRegistryReads() throws Exception {
        KAFKA.freshTopics(1);
        assertThat(command("send", events(), "--registry", registry)).startsWith("0 ");
        assertThat(command("forget", "ann", "--registry", registry)).startsWith("0 ");

        assertThat(only(Topic.INTERACTIONS).get("item")).hasToString("tea");
        assertThat(only(Topic.ERASURES).get("id")).hasToString("ann");
    }

    /** A client that shares no code with this one. */
    @Test
    void pythonSendsAndReadsWithTheRegistry() throws Exception {
        Python.assumeLibraries();
        KAFKA.freshTopics(1);
        WireFormat format = WireFormat.open(registry);

        Python.Output sent = Python.run("send_event.py", KAFKA.bootstrapServers(), "ann", "tea", "click", registry);
        assertThat(sent.exitCode()).as(sent.text()).isZero();
        byte[] event = KAFKA.drainBytes(Topic.INTERACTIONS.name()).get(0).value();
        assertThat(event[0]).isZero();
        assertThat(format.codec(Topic.INTERACTIONS).decode(event).getItem()).isEqualTo("tea");

        Recommendations list = Recommendations.newBuilder()
                .setUser("ann")
                .setItems(List.of(new RecommendedItem("cake", 1.0, List.of())))
                .setModelVersion(null)
                .setGeneratedAt(Instant.EPOCH)
                .build();
        KAFKA.sendBytes(
                Topic.RECOMMENDATIONS.name(),
                "ann".getBytes(StandardCharsets.UTF_8),
                format.codec(Topic.RECOMMENDATIONS).encode(list));
        Python.Output read =
                Python.run("read_recommendations.py", KAFKA.bootstrapServers(), "python-registry", "1", registry);
        assertThat(read.text()).isEqualTo("ann: cake\n");
    }

    private GenericRecord only(Topic<?> topic) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> records = KAFKA.drainBytes(topic.name());
        assertThat(records).hasSize(1);
        ByteBuffer value = ByteBuffer.wrap(records.get(0).value());
        assertThat(value.get()).isZero();
        return RegistrySchemas.read(registry, value.getInt(), value);
    }

    @Test
    void aRegistryThatDoesNotAnswerIsOneLineAndExitCode2() throws Exception {
        String nowhere = "--registry: the schema registry http://127.0.0.1:9 does not answer";
        assertThat(command("send", events(), "--registry", "http://127.0.0.1:9").lines())
                .singleElement()
                .asString()
                .startsWith("2 freshet send: " + nowhere);
        assertThat(command("forget", "ann", "--registry", "http://127.0.0.1:9").lines())
                .singleElement()
                .asString()
                .startsWith("2 freshet forget: " + nowhere);
    }

    private String events() throws Exception {
        return Files.writeString(
                        folder.resolve("events.csv"), "timestamp,user,item,action\n1700000000000,ann,tea,click\n")
                .toString();
    }

    /** The exit code, and what was said of an error. */
    private static String command(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--bootstrap", KAFKA.bootstrapServers()));
        StringWriter err = new StringWriter();
        int code = Freshet.commandLine()
                .setOut(new PrintWriter(new StringWriter(), true))
                .setErr(new PrintWriter(err, true))
                .execute(all.toArray(new String[0]));
        return code + " " + err;
    }
}

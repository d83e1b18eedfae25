package dev.freshet.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParser;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.message.SchemaStore;
import org.apache.avro.specific.SpecificRecordBase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CodecTest {

    /** Release whose schemas and bytes lie in the test resources. A release adds a folder, and changes none. */
    private static final String GOLDEN = "/golden/0.1/";

    static Iterable<SpecificRecordBase> samples() {
        return Samples.all();
    }

    @Test
    void thereIsASampleOfEveryTopic() {
        Set<Class<?>> sampled = Samples.all().stream().map(Object::getClass).collect(Collectors.toSet());
        Topic.all().values().forEach(topic -> assertThat(sampled).contains(topic.value()));
    }

    @ParameterizedTest
    @MethodSource("samples")
    void aRecordComesBack(SpecificRecordBase sample) throws BadRecordException {
        RecordCodec<SpecificRecordBase> codec = Samples.codec(sample);
        byte[] bytes = codec.encode(sample);
        SpecificRecordBase decoded = codec.decode(bytes);
        assertThat(decoded).isEqualTo(sample).isInstanceOf(sample.getClass());
        assertThat(codec.encode(decoded)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @MethodSource("samples")
    void storedBytesAreStillRead(SpecificRecordBase sample) throws IOException, BadRecordException {
        String name = sample.getClass().getSimpleName();
        SchemaStore.Cache writers = new SchemaStore.Cache();
        writers.addSchema(new SchemaParser().parse(resource(name + ".avsc")).mainSchema());
        byte[] bytes = HexFormat.of().parseHex(resource(name + ".hex").replaceAll("\\s", ""));
        assertThat(SingleObjectCodec.of(sample.getClass(), writers).decode(bytes))
                .isEqualTo(sample);
    }

    @ParameterizedTest
    @MethodSource("samples")
    void anOlderReaderReadsANewerWriter(SpecificRecordBase sample) throws IOException, BadRecordException {
        Schema newer = withAddedField(sample.getSchema());
        GenericRecord record = new GenericData.Record(newer);
        GenericRecord now = generic(sample);
        sample.getSchema().getFields().forEach(field -> record.put(field.name(), now.get(field.name())));
        record.put("added", List.of("x"));
        ByteBuffer encoded = new BinaryMessageEncoder<GenericRecord>(GenericData.get(), newer).encode(record);
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);

        assertThatThrownBy(() -> SingleObjectCodec.of(sample.getClass()).decode(bytes))
                .isInstanceOf(BadRecordException.class)
                .hasMessageContaining("unknown writer schema");
        SchemaStore.Cache writers = new SchemaStore.Cache();
        writers.addSchema(newer);
        assertThat(SingleObjectCodec.of(sample.getClass(), writers).decode(bytes))
                .isEqualTo(sample);
    }

    @ParameterizedTest
    @MethodSource("samples")
    void aNewerReaderReadsAnOlderWriter(SpecificRecordBase sample) throws IOException {
        Schema newer = withAddedField(sample.getSchema());
        BinaryMessageDecoder<GenericRecord> decoder = new BinaryMessageDecoder<>(GenericData.get(), newer);
        decoder.addSchema(sample.getSchema());
        GenericRecord decoded = decoder.decode(Samples.codec(sample).encode(sample));
        assertThat(decoded.get("added")).isEqualTo(List.of());
        GenericRecord now = generic(sample);
        sample.getSchema().getFields().forEach(field -> assertThat(decoded.get(field.name()))
                .isEqualTo(now.get(field.name())));
    }

    @Test
    void storedBytesOfANewerVersionAreRead() throws IOException, BadRecordException {
        SchemaStore.Cache writers = new SchemaStore.Cache();
        writers.addSchema(new SchemaParser()
                .parse(text("/evolution/Interaction-next.avsc"))
                .mainSchema());
        byte[] bytes =
                HexFormat.of().parseHex(text("/evolution/Interaction-next.hex").strip());
        assertThat(SingleObjectCodec.of(Interaction.class, writers).decode(bytes))
                .isEqualTo(Samples.of(Interaction.class));
    }

    @Test
    void aRecordOfAnotherKindIsRefused() {
        SchemaStore.Cache writers = new SchemaStore.Cache();
        writers.addSchema(Item.getClassSchema());
        byte[] item = SingleObjectCodec.of(Item.class).encode(Samples.of(Item.class));
        assertThatThrownBy(
                        () -> SingleObjectCodec.of(Interaction.class, writers).decode(item))
                .isInstanceOf(BadRecordException.class)
                .hasMessageContaining("Interaction");
    }

    @Test
    void everySchemaHasDocs() {
        List<String> missing = new ArrayList<>();
        Samples.all()
                .forEach(sample ->
                        collectMissing(sample.getSchema(), sample.getSchema().getName(), missing));
        assertThat(missing).isEmpty();
    }

    @Test
    void vectorsComeBackFromAnyList() {
        assertThat(Vectors.toArray(Vectors.toList(1f, -2f))).containsExactly(1f, -2f);
        assertThat(Vectors.toArray(List.of(3f))).containsExactly(3f);
        assertThat(Vectors.toList()).isEmpty();
    }

    private static void collectMissing(Schema schema, String path, List<String> missing) {
        switch (schema.getType()) {
            case RECORD -> {
                if (schema.getDoc() == null || schema.getDoc().isBlank()) {
                    missing.add(path);
                }
                for (Schema.Field field : schema.getFields()) {
                    if (field.doc() == null || field.doc().isBlank()) {
                        missing.add(path + "." + field.name());
                    }
                    collectMissing(field.schema(), path + "." + field.name(), missing);
                }
            }
            case ENUM -> {
                if (schema.getDoc() == null || schema.getDoc().isBlank()) {
                    missing.add(path);
                }
            }
            case ARRAY -> collectMissing(schema.getElementType(), path, missing);
            case MAP -> collectMissing(schema.getValueType(), path, missing);
            case UNION -> schema.getTypes().forEach(type -> collectMissing(type, path, missing));
            default -> {}
        }
    }

    /** The schema with a field more, somewhere before the end, as the next version may have it. */
    private static Schema withAddedField(Schema schema) {
        List<Schema.Field> fields = new ArrayList<>();
        for (Schema.Field field : schema.getFields()) {
            fields.add(new Schema.Field(field, field.schema()));
        }
        Schema strings = Schema.createArray(Schema.create(Schema.Type.STRING));
        fields.add(1, new Schema.Field("added", strings, "Added.", List.of()));
        return Schema.createRecord(schema.getName(), schema.getDoc(), schema.getNamespace(), false, fields);
    }

    private static GenericRecord generic(SpecificRecordBase sample) throws IOException {
        return new BinaryMessageDecoder<GenericRecord>(GenericData.get(), sample.getSchema())
                .decode(Samples.codec(sample).encode(sample));
    }

    private static String resource(String name) throws IOException {
        return text(GOLDEN + name);
    }

    private static String text(String path) throws IOException {
        try (InputStream in = CodecTest.class.getResourceAsStream(path)) {
            assertThat(in).as(path).isNotNull();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}

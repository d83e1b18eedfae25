package dev.freshet.topic;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.JsonProperties;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.junit.jupiter.api.Test;

/**
 * The pages of docs/topics say what the schemas and the catalogue say. After a change of either, write them again with
 * {@code ./mvnw -pl schemas test -Dtest=TopicPagesTest -Dfreshet.docs.write=true}.
 */
class TopicPagesTest {

    private static final Path PAGES = Path.of("..", "docs", "topics");

    @Test
    void pagesSayWhatTheSchemasSay() throws IOException {
        Map<String, String> expected = new TreeMap<>();
        Topic.all().values().forEach(topic -> expected.put(topic.name() + ".md", page(topic)));
        expected.put("README.md", index());
        if (Boolean.getBoolean("freshet.docs.write")) {
            for (Map.Entry<String, String> page : expected.entrySet()) {
                Files.writeString(PAGES.resolve(page.getKey()), page.getValue());
            }
        }

        Map<String, String> found = new TreeMap<>();
        try (Stream<Path> files = Files.list(PAGES)) {
            for (Path file : files.toList()) {
                found.put(file.getFileName().toString(), Files.readString(file));
            }
        }
        assertThat(found).isEqualTo(expected);
    }

    private static String index() {
        StringBuilder page = new StringBuilder("# Topics\n\nValues are Avro in [single-object encoding]"
                + "(https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding): `C3 01`, the 8-byte fingerprint of the\n"
                + "writer's schema, the binary record. The schemas themselves lie on the compacted topic `schemas`, JSON by fingerprint\n"
                + "(16 hex digits). Keys are UTF-8 text. Read with `isolation.level=read_committed`. Timestamps of records are the broker's\n"
                + "append time. Compression is lz4.\n\n| topic | value | cleanup | partitions |\n|---|---|---|---|\n");
        for (Topic<?> topic : Topic.all().values()) {
            page.append("| [`")
                    .append(topic.name())
                    .append("`](")
                    .append(topic.name())
                    .append(".md) | ")
                    .append(topic.value().getSimpleName())
                    .append(" | ")
                    .append(cleanup(topic))
                    .append(" | ")
                    .append(topic.partitions() == Topic.Partitioning.SINGLE ? "1" : "by key")
                    .append(" |\n");
        }
        return page.toString();
    }

    private static String page(Topic<?> topic) {
        Schema schema = SpecificData.get().getSchema(topic.value());
        StringBuilder page = new StringBuilder("# ")
                .append(topic.name())
                .append("\n\n")
                .append(schema.getDoc())
                .append("\n\nCleanup: ")
                .append(cleanup(topic))
                .append(". Partitions: ")
                .append(
                        topic.partitions() == Topic.Partitioning.SINGLE
                                ? "1"
                                : "as many as the cluster is set to, by key")
                .append(".\n");
        Set<Schema> records = new LinkedHashSet<>();
        collect(schema, records);
        for (Schema record : records) {
            page.append("\n## ").append(record.getName()).append("\n\n");
            if (record != schema) {
                page.append(record.getDoc()).append("\n\n");
            }
            page.append("| field | type | default | |\n|---|---|---|---|\n");
            for (Schema.Field field : record.getFields()) {
                page.append("| `")
                        .append(field.name())
                        .append("` | ")
                        .append(type(field.schema()))
                        .append(" | ")
                        .append(field.hasDefaultValue() ? "`" + defaultOf(field) + "`" : "")
                        .append(" | ")
                        .append(field.doc())
                        .append(" |\n");
            }
        }
        return page.toString();
    }

    private static String defaultOf(Schema.Field field) {
        return field.defaultVal() == JsonProperties.NULL_VALUE
                ? "null"
                : field.defaultVal().toString();
    }

    private static String cleanup(Topic<?> topic) {
        if (topic.cleanup() == Topic.Cleanup.COMPACT) {
            return topic == Topic.MODELS ? "compact, after a year" : "compact";
        }
        if (topic.retention().isNegative()) {
            return topic == Topic.MODEL_EMBEDDINGS ? "delete when nothing needs it" : "none";
        }
        return "delete after " + topic.retention().toDays() + (topic.retention().toDays() == 1 ? " day" : " days");
    }

    private static void collect(Schema schema, Set<Schema> records) {
        switch (schema.getType()) {
            case RECORD -> {
                if (records.add(schema)) {
                    schema.getFields().forEach(field -> collect(field.schema(), records));
                }
            }
            case ARRAY -> collect(schema.getElementType(), records);
            case MAP -> collect(schema.getValueType(), records);
            case UNION -> schema.getTypes().forEach(branch -> collect(branch, records));
            default -> {}
        }
    }

    private static String type(Schema schema) {
        return switch (schema.getType()) {
            case ARRAY -> "array of " + type(schema.getElementType());
            case MAP -> "map of " + type(schema.getValueType());
            case UNION -> schema.getTypes().stream().map(TopicPagesTest::type).collect(Collectors.joining(" or "));
            case ENUM -> schema.getEnumSymbols().stream()
                    .map(symbol -> "`" + symbol + "`")
                    .collect(Collectors.joining(", "));
            case RECORD -> schema.getName();
            default -> schema.getLogicalType() == null
                    ? schema.getType().getName()
                    : schema.getType().getName() + " ("
                            + schema.getLogicalType().getName() + ")";
        };
    }
}

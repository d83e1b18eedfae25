package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.cli.CliException;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code freshet publish}: brings results on data sets to the topic evaluations, and so to the page. */
@Command(
        name = "publish",
        mixinStandardHelpOptions = true,
        description = {
            "Publishes what 'freshet evaluate --json' wrote on the topic evaluations: the page compares models, and ablations of a",
            "model, by it. A file that is published again takes the place of what it was before."
        },
        footer = {"", "Exit status: 0 published, 1 failed, 2 a file is no such result."})
public final class PublishCommand implements Callable<Integer> {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Results of 'freshet evaluate --json'.")
    private List<Path> files;

    @Override
    public Integer call() throws Exception {
        List<Evaluation> results = new ArrayList<>();
        for (Path file : files) {
            results.add(read(file));
        }
        String bootstrap = client.bootstrap();
        Clients.require(bootstrap, Duration.ofSeconds(5));
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 10_000,
                        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (Evaluation result : results) {
                producer.send(new ProducerRecord<>(
                                Topic.EVALUATIONS.name(),
                                result.getRunId().getBytes(StandardCharsets.UTF_8),
                                Topic.EVALUATIONS.codec().encode(result)))
                        .get();
            }
        } catch (ExecutionException e) {
            throw new CliException(
                    "the broker at " + bootstrap + " refuses: " + e.getCause().getMessage(), e);
        }
        spec.commandLine()
                .getOut()
                .println(results.size() + (results.size() == 1 ? " result" : " results") + " published");
        return 0;
    }

    private Evaluation read(Path file) {
        JsonNode json;
        Instant at;
        try {
            json = JSON.readTree(file.toFile());
            at = Files.getLastModifiedTime(file).toInstant().truncatedTo(ChronoUnit.MILLIS);
        } catch (IOException e) {
            throw wrong(
                    file,
                    "it cannot be read as JSON: "
                            + e.getMessage().lines().findFirst().orElse(""));
        }
        Map<String, Double> metrics = new HashMap<>();
        json.path("metrics").fields().forEachRemaining(metric -> {
            put(metrics, metric.getKey(), metric.getValue().path("mean"));
            put(metrics, metric.getKey() + ".sd", metric.getValue().path("sd"));
        });
        json.path("published")
                .fields()
                .forEachRemaining(figure -> put(metrics, "published." + figure.getKey(), figure.getValue()));
        if (!json.path("data").isTextual() || !json.path("model").isTextual() || !metrics.containsKey("recall@20")) {
            throw wrong(file, "it has no data, model or metrics.recall@20");
        }
        Map<String, String> configuration = new HashMap<>();
        for (String part : List.of("settings", "treatment")) {
            json.path(part)
                    .fields()
                    .forEachRemaining(entry ->
                            configuration.put(entry.getKey(), entry.getValue().asText()));
        }
        for (String name : List.of("data", "preset", "seeds", "epochs")) {
            configuration.put(name, json.path(name).asText());
        }
        String what = file.toAbsolutePath().normalize().toString();
        return Evaluation.newBuilder()
                .setRunId("evaluated-" + UUID.nameUUIDFromBytes(what.getBytes(StandardCharsets.UTF_8)))
                .setKind(EvaluationKind.OFFLINE)
                .setModel(json.path("model").asText())
                .setAt(at)
                .setEpochs(json.path("epochs").asInt())
                .setMetrics(metrics)
                .setUsers(json.path("users").asLong())
                .setConfiguration(configuration)
                .build();
    }

    private static void put(Map<String, Double> metrics, String name, JsonNode value) {
        if (value.isNumber()) {
            metrics.put(name, value.asDouble());
        }
    }

    private ParameterException wrong(Path file, String why) {
        return new ParameterException(spec.commandLine(), file + " is no result of 'freshet evaluate --json': " + why);
    }
}

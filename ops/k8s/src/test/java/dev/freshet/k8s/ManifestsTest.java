package dev.freshet.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicSettings;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The manifests have no field that their kinds do not know: by the operators' published models and schemas, and Kubernetes' own.
 */
class ManifestsTest {

    private static final Path FOLDER = Path.of("").toAbsolutePath();
    private static final Path ROOT = FOLDER.resolve("../..").normalize();

    private static final Map<String, Class<?>> KINDS = Map.of(
            "Kafka", Kafka.class,
            "KafkaNodePool", KafkaNodePool.class,
            "KafkaTopic", KafkaTopic.class,
            "KafkaUser", KafkaUser.class,
            "Deployment", Deployment.class,
            "Job", Job.class,
            "PersistentVolumeClaim", PersistentVolumeClaim.class,
            "PodDisruptionBudget", PodDisruptionBudget.class,
            "Service", Service.class,
            "StatefulSet", StatefulSet.class);

    /** The models keep what they do not know; this one refuses it. */
    private static final ObjectMapper STRICT = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1L;

                @Override
                public Boolean hasAnySetter(Annotated annotated) {
                    return false;
                }
            });

    private static List<JsonNode> documents(Path file) throws IOException {
        List<JsonNode> documents = new ArrayList<>();
        for (Object document : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(Files.readString(file))) {
            documents.add(new ObjectMapper().valueToTree(document));
        }
        return documents;
    }

    /** What {@code kustomization.yaml} lists, and the patches. */
    private static List<JsonNode> all() throws IOException {
        List<JsonNode> all = new ArrayList<>();
        for (JsonNode file :
                documents(FOLDER.resolve("kustomization.yaml")).get(0).path("resources")) {
            all.addAll(documents(FOLDER.resolve(file.asText())));
        }
        for (JsonNode patch :
                documents(FOLDER.resolve("gpu/kustomization.yaml")).get(0).path("patches")) {
            all.addAll(
                    documents(FOLDER.resolve("gpu").resolve(patch.path("path").asText())));
        }
        return all;
    }

    private static List<JsonNode> of(String kind) throws IOException {
        return all().stream()
                .filter(each -> each.path("kind").asText().equals(kind))
                .toList();
    }

    private static JsonNode one(String kind, String name) throws IOException {
        return of(kind).stream()
                .filter(each -> each.path("metadata").path("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void fieldsAreThoseOfTheKinds() throws IOException {
        Set<String> seen = new HashSet<>();
        for (JsonNode document : all()) {
            String kind = document.path("kind").asText();
            if (!kind.equals("FlinkDeployment")) {
                assertThat(KINDS).containsKey(kind);
                try {
                    assertThat(STRICT.treeToValue(document, KINDS.get(kind))).isNotNull();
                } catch (JsonProcessingException e) {
                    throw new AssertionError(
                            kind + " " + document.path("metadata").path("name") + ": " + e.getOriginalMessage(), e);
                }
            }
            seen.add(kind);
        }
        assertThat(seen).contains("FlinkDeployment").containsAll(KINDS.keySet());
        assertThat(of("KafkaTopic"))
                .allSatisfy(
                        topic -> assertThat(topic.path("apiVersion").asText()).isEqualTo("kafka.strimzi.io/v1"));
    }

    @Test
    void aMisspelledFieldIsFound() throws IOException {
        ObjectNode topic = of("KafkaTopic").get(0).deepCopy();
        ((ObjectNode) topic.get("spec")).put("replica", 3);
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> STRICT.treeToValue(topic, KafkaTopic.class))
                .hasMessageContaining("replica");
        ObjectNode job = of("FlinkDeployment").get(0).deepCopy();
        ((ObjectNode) job.get("spec").get("job")).put("parallelism", "many");
        assertThat(flinkProblems(job)).isNotEmpty();
    }

    /** By the schema in the operator's own jar. 1.10.0 is the newest on Maven Central, and older than Flink 2.2. */
    private static Set<ValidationMessage> flinkProblems(ObjectNode deployment) throws IOException {
        ((ObjectNode) deployment.get("spec")).put("flinkVersion", "v1_20");
        JsonNode definition;
        try (InputStream in =
                ManifestsTest.class.getResourceAsStream("/META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml")) {
            LoaderOptions large = new LoaderOptions();
            large.setCodePointLimit(10_000_000);
            definition = new ObjectMapper().valueToTree(new Yaml(new SafeConstructor(large)).load(in));
        }
        JsonNode version = definition.path("spec").path("versions").path(0);
        assertThat(deployment.path("apiVersion").asText())
                .isEqualTo("flink.apache.org/" + version.path("name").asText());
        ObjectNode schema = version.path("schema").path("openAPIV3Schema").deepCopy();
        close(schema);
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(schema)
                .validate(deployment);
    }

    /** Kubernetes drops what a schema does not name, without a word; here it is a fault. */
    private static void close(JsonNode schema) {
        if (schema instanceof ObjectNode object
                && object.path("type").asText().equals("object")
                && object.has("properties")
                && !object.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
            object.put("additionalProperties", false);
            if (object.path("properties").has("spec")
                    && object.path("properties").has("status")) {
                ObjectNode top = (ObjectNode) object.get("properties");
                List.of("apiVersion", "kind", "metadata").forEach(field -> top.putObject(field));
            }
        }
        schema.forEach(ManifestsTest::close);
    }

    @Test
    void theGraphJobIsAFlinkDeployment() throws IOException {
        ObjectNode deployment = of("FlinkDeployment").get(0).deepCopy();
        String pom = Files.readString(ROOT.resolve("pom.xml"));
        assertThat(deployment.path("spec").path("image").asText())
                .isEqualTo("flink:" + property(pom, "flink.version") + "-java17");
        String[] version = property(pom, "flink.version").split("\\.");
        assertThat(deployment.path("spec").path("flinkVersion").asText())
                .isEqualTo("v" + version[0] + "_" + version[1]);
        Matcher own = Pattern.compile("<artifactId>freshet</artifactId>\\s*<version>(.+?)</version>")
                .matcher(pom);
        assertThat(own.find()).isTrue();
        assertThat(deployment.path("spec").path("job").path("jarURI").asText())
                .endsWith("/graph-job-" + own.group(1) + ".jar");
        String entry = deployment.path("spec").path("job").path("entryClass").asText();
        assertThat(ROOT.resolve("stream-jobs/graph-job/src/main/java/" + entry.replace('.', '/') + ".java"))
                .exists();
        assertThat(flinkProblems(deployment)).isEmpty();
    }

    private static String property(String pom, String name) {
        Matcher value = Pattern.compile("<" + Pattern.quote(name) + ">(.+?)</").matcher(pom);
        assertThat(value.find()).isTrue();
        return value.group(1);
    }

    @Test
    void topicsAreThoseOfTheCatalogue() throws IOException {
        Map<String, Map<String, String>> expected = new TreeMap<>();
        Topic.all().values().forEach(topic -> expected.put(topic.name(), TopicSettings.of(topic)));
        expected.put(SchemaTopic.NAME, TopicSettings.ofSchemas());
        Map<String, Map<String, String>> found = new TreeMap<>();
        for (JsonNode topic : of("KafkaTopic")) {
            String name = topic.path("metadata").path("name").asText();
            Map<String, String> settings = new HashMap<>();
            topic.path("spec")
                    .path("config")
                    .properties()
                    .forEach(each -> settings.put(each.getKey(), each.getValue().asText()));
            found.put(name, settings);
            boolean single =
                    name.equals(SchemaTopic.NAME) || Topic.all().get(name).partitions() == Topic.Partitioning.SINGLE;
            assertThat(topic.path("spec").path("partitions").asInt() == 1)
                    .as(name)
                    .isEqualTo(single);
            assertThat(topic.path("metadata")
                            .path("labels")
                            .path("strimzi.io/cluster")
                            .asText())
                    .isEqualTo(of("Kafka").get(0).path("metadata").path("name").asText());
        }
        assertThat(found).isEqualTo(expected);
    }

    @Test
    void usersMayUseTopicsThatThereAre() throws IOException {
        for (JsonNode user : of("KafkaUser")) {
            for (JsonNode acl : user.path("spec").path("authorization").path("acls")) {
                if (acl.path("resource").path("type").asText().equals("topic")) {
                    String topic = acl.path("resource").path("name").asText();
                    assertThat(Topic.all().containsKey(topic) || topic.equals(SchemaTopic.NAME))
                            .as(topic)
                            .isTrue();
                }
            }
        }
    }

    /** Selectors find pods, mounts have volumes, services have ports, and everyone speaks to the same broker. */
    @Test
    void partsFindEachOther() throws IOException {
        for (String[] workload : new String[][] {{"StatefulSet", "serving"}, {"Deployment", "trainer"}}) {
            JsonNode spec = one(workload[0], workload[1]).path("spec");
            assertThat(spec.path("template").path("metadata").path("labels").path("app.kubernetes.io/name"))
                    .isEqualTo(spec.path("selector").path("matchLabels").path("app.kubernetes.io/name"));
        }
        JsonNode serving = one("StatefulSet", "serving").path("spec");
        assertThat(one("Service", serving.path("serviceName").asText())
                        .path("spec")
                        .path("clusterIP")
                        .asText())
                .isEqualTo("None");
        assertThat(serving.path("replicas").asInt()).isGreaterThan(1);
        String bootstrap = of("Kafka").get(0).path("metadata").path("name").asText() + "-kafka-bootstrap:9092";
        int speakers = 0;
        for (JsonNode document : all()) {
            if (document.toString().contains("--bootstrap")) {
                assertThat(document.toString()).contains("\"" + bootstrap + "\"");
                speakers++;
            }
        }
        assertThat(speakers).isEqualTo(4);
        assertThat(serving.path("template")
                        .path("spec")
                        .path("containers")
                        .path(0)
                        .path("args")
                        .toString())
                .contains("\"--standbys\",\"1\"");
    }
}

package dev.freshet.k8s;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import java.nio.charset.StandardCharsets;
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
import org.junit.jupiter.api.io.TempDir;
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

    private static List<ObjectNode> all() throws IOException {
        return Kustomization.build(FOLDER.resolve("base"));
    }

    /** All there is: a GPU for the trainer, and a token, as somebody would put them together. */
    private static Path whole(Path folder) throws IOException {
        Path base = folder.toRealPath().relativize(FOLDER);
        Files.writeString(
                folder.resolve("kustomization.yaml"),
                "kind: Kustomization\nresources: [" + base.resolve("gpu") + "]\ncomponents: [" + base.resolve("token")
                        + "]\n");
        return folder.toRealPath();
    }

    private static List<ObjectNode> of(String kind) throws IOException {
        return all().stream()
                .filter(each -> each.path("kind").asText().equals(kind))
                .toList();
    }

    private static JsonNode one(String kind, String name) throws IOException {
        return one(all(), kind, name);
    }

    private static JsonNode one(List<ObjectNode> documents, String kind, String name) {
        return documents.stream()
                .filter(each -> Kustomization.id(each).equals(kind + " " + name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void fieldsAreThoseOfTheKinds(@TempDir Path folder) throws IOException {
        Set<String> seen = new HashSet<>();
        for (JsonNode document : Kustomization.build(whole(folder))) {
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
        assertThatThrownBy(() -> STRICT.treeToValue(topic, KafkaTopic.class)).hasMessageContaining("replica");
        ObjectNode job = of("FlinkDeployment").get(0).deepCopy();
        ((ObjectNode) job.get("spec").get("job")).put("parallelism", "many");
        assertThat(flinkProblems(job)).isNotEmpty();
    }

    @Test
    void whatKustomizeRefusesIsRefused(@TempDir Path folder) throws IOException {
        Path root = folder.toRealPath();
        Path below = Files.createDirectory(root.resolve("below"));
        Files.writeString(root.resolve("kustomization.yaml"), "kind: Kustomization\n");
        for (String[] each : new String[][] {
            {"resources: [..]", "cycle detected"},
            {"resources: [.]", "cycle detected"},
            {"components: [..]", "cycle detected"},
            {"resources: [missing.yaml]", "does not exist"},
            {"resources: [../kustomization.yaml]", "is not in or below"},
            {"patchesStrategicMerge: [x.yaml]", "patchesStrategicMerge"},
            {"patches: [{path: patch.yaml}]", "Service other, which is not there"},
            {"patches: [{path: patch.yaml, target: {kind: Service, name: third}}]", "Service third, which is not there"
            },
            {"images: [{name: other, newTag: x}]", "no image is called other"},
        }) {
            Files.writeString(below.resolve("patch.yaml"), "kind: Service\nmetadata: {name: other}\n");
            Files.writeString(below.resolve("kustomization.yaml"), "kind: Kustomization\n" + each[0] + "\n");
            assertThatThrownBy(() -> Kustomization.build(below))
                    .as(each[0])
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(each[1]);
        }
    }

    @Test
    void kustomizeMakesTheSameOfThem(@TempDir Path folder) throws Exception {
        assumeTrue(
                run("version", "--client").contains("Kustomize Version: v"),
                "skipped: there is no kubectl of 2022 or later");
        for (Path each : List.of(FOLDER.resolve("base"), FOLDER.resolve("gpu"), whole(folder))) {
            assertThat(Kustomization.parse(run("kustomize", each.toString())))
                    .as(each.toString())
                    .containsExactlyInAnyOrderElementsOf(Kustomization.build(each));
        }
    }

    private static String run(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return output;
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void aGpuIsForTheTrainerAlone() throws IOException {
        List<ObjectNode> gpu = Kustomization.build(FOLDER.resolve("gpu"));
        JsonNode before = one("Deployment", "trainer").at("/spec/template/spec/containers");
        JsonNode after = one(gpu, "Deployment", "trainer").at("/spec/template/spec/containers");
        assertThat(after).hasSize(1);
        assertThat(after.at("/0/resources/limits/nvidia.com~1gpu").asText()).isEqualTo("1");
        for (String kept : List.of("/0/image", "/0/args", "/0/resources/limits/memory", "/0/volumeMounts")) {
            assertThat(after.at(kept)).as(kept).isEqualTo(before.at(kept));
        }
        List<ObjectNode> others = new ArrayList<>(gpu);
        others.removeAll(all());
        assertThat(others).extracting(Kustomization::id).containsExactly("Deployment trainer");
    }

    /** From a Secret that is named and not there: whoever makes the cluster makes it. */
    @Test
    void theTokenComesFromASecretThatIsNotInTheRepository(@TempDir Path folder) throws IOException {
        List<ObjectNode> whole = Kustomization.build(whole(folder));
        JsonNode pod = one(whole, "StatefulSet", "serving").at("/spec/template/spec");
        JsonNode serving = pod.at("/containers/0");
        List<String> args = new ArrayList<>();
        serving.path("args").forEach(arg -> args.add(arg.asText()));
        Path file = Path.of(args.get(args.indexOf("--token-file") + 1));
        List<String> mounts = new ArrayList<>();
        serving.path("volumeMounts").forEach(mount -> {
            if (mount.path("mountPath").asText().equals(file.getParent().toString())) {
                mounts.add(mount.path("name").asText());
            }
        });
        assertThat(mounts).containsExactly(pod.at("/volumes/0/name").asText());
        String secret = pod.at("/volumes/0/secret/secretName").asText();
        assertThat(Files.readString(FOLDER.resolve("token/kustomization.yaml")))
                .contains("create secret generic " + secret + " --from-file=" + file.getFileName() + "=");
        assertThat(one("StatefulSet", "serving").toString()).doesNotContain("token");
        assertThat(whole).extracting(each -> each.path("kind").asText()).doesNotContain("Secret");
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

package dev.freshet.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/**
 * Alerts and dashboards ask for metrics that docs/metrics.md has, which is what running parts show ({@code LoopIT}). The names
 * of containers are those of docker-compose.yml.
 */
class MonitoringTest {

    private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
    private static final Set<String> KEYWORDS = Set.of(
            "and", "or", "unless", "bool", "by", "without", "on", "ignoring", "group_left", "group_right", "offset");
    /** Prometheus' own, of every target. */
    private static final String UP = "up";

    private static JsonNode yaml(String file) throws IOException {
        return new ObjectMapper().valueToTree(new Yaml().load(Files.readString(ROOT.resolve(file))));
    }

    private static List<JsonNode> list(JsonNode array) {
        assertThat(array.isArray()).as(array.toString()).isTrue();
        return Stream.of(array)
                .flatMap(node -> {
                    Stream.Builder<JsonNode> nodes = Stream.builder();
                    node.forEach(nodes);
                    return nodes.build();
                })
                .toList();
    }

    /** The names of the metrics in an expression. */
    static Set<String> metrics(String expression) {
        String bare = expression
                .replaceAll("\"(?:[^\"\\\\]|\\\\.)*\"", "")
                .replaceAll("\\{[^}]*}", "")
                .replaceAll("\\[[^]]*]", "")
                .replaceAll("\\b(by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)", " ");
        Set<String> names = new TreeSet<>();
        Matcher word = Pattern.compile("(?<![\\w:.])[a-zA-Z_:][\\w:]*(?!\\w)(?!\\s*\\()")
                .matcher(bare);
        while (word.find()) {
            if (!KEYWORDS.contains(word.group())) {
                names.add(word.group());
            }
        }
        return names;
    }

    @Test
    void namesAreFoundInAnExpression() {
        assertThat(
                        metrics(
                                "sum by (job, instance) (rate(a_total{b=\"c\"}[5m])) / on(instance) d > 0.9 and on() 2 * e_f == 1e3"))
                .containsExactly("a_total", "d", "e_f");
    }

    /** Those of docs/metrics.md, and the parts of its summaries. */
    private static Set<String> documented() throws IOException {
        Set<String> names = new HashSet<>(Set.of(UP));
        Matcher row = Pattern.compile("\\| `(\\w+)` \\| (\\w+) \\|.*")
                .matcher(Files.readString(ROOT.resolve("docs/metrics.md")));
        while (row.find()) {
            names.add(row.group(1));
            if (row.group(2).equals("summary")) {
                names.addAll(List.of(row.group(1) + "_sum", row.group(1) + "_count", row.group(1) + "_max"));
            }
        }
        assertThat(names).hasSizeGreaterThan(30);
        return names;
    }

    private static Set<String> sections(String page) throws IOException {
        return Files.readAllLines(ROOT.resolve(page)).stream()
                .filter(line -> line.startsWith("#"))
                .map(line ->
                        line.replaceFirst("^#+ ", "").toLowerCase(Locale.ROOT).replaceAll("[^\\w -]", ""))
                .map(title -> page + "#" + title.replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    @Test
    void alertsAskForMetricsThatThereAre() throws IOException {
        Set<String> documented = documented();
        Set<String> sections = sections("docs/operations.md");
        Set<String> alerts = new HashSet<>();
        for (JsonNode group : list(yaml("ops/prometheus/alerts.yml").path("groups"))) {
            for (JsonNode rule : list(group.path("rules"))) {
                String name = rule.path("alert").asText();
                assertThat(alerts.add(name)).as("another alert " + name).isTrue();
                assertThat(rule.fieldNames())
                        .toIterable()
                        .as(name)
                        .isSubsetOf("alert", "expr", "for", "labels", "annotations")
                        .contains("alert", "expr", "labels", "annotations");
                assertThat(rule.path("for").asText("1m")).as(name).matches("\\d+[smhd]");
                assertThat(rule.path("labels").path("severity").asText())
                        .as(name)
                        .isIn("critical", "warning");
                assertThat(rule.path("annotations").path("summary").asText())
                        .as(name)
                        .isNotBlank();
                assertThat(sections)
                        .as(name)
                        .contains(rule.path("annotations").path("runbook").asText());
                assertThat(metrics(rule.path("expr").asText()))
                        .as(name)
                        .isNotEmpty()
                        .isSubsetOf(documented);
            }
        }
        assertThat(alerts).hasSizeGreaterThan(10);
        String guide = Files.readString(ROOT.resolve("docs/operations.md"));
        assertThat(alerts).allSatisfy(alert -> assertThat(guide).contains("`" + alert + "`"));
    }

    @Test
    void dashboardsAskForMetricsThatThereAre() throws IOException {
        Set<String> documented = documented();
        JsonNode datasource = yaml("ops/grafana/provisioning/datasources/prometheus.yml")
                .path("datasources")
                .path(0);
        Set<String> uids = new HashSet<>();
        List<Path> files;
        try (Stream<Path> folder = Files.list(ROOT.resolve("ops/grafana/dashboards"))) {
            files = folder.toList();
        }
        assertThat(files).isNotEmpty();
        for (Path file : files) {
            JsonNode dashboard = new ObjectMapper().readTree(file.toFile());
            assertThat(uids.add(dashboard.path("uid").asText()))
                    .as(file.toString())
                    .isTrue();
            assertThat(dashboard.path("title").asText()).isNotBlank();
            Set<Integer> ids = new HashSet<>();
            for (JsonNode panel : list(dashboard.path("panels"))) {
                String title = panel.path("title").asText();
                assertThat(ids.add(panel.path("id").asInt())).as(title).isTrue();
                assertThat(panel.path("gridPos").path("x").asInt()
                                + panel.path("gridPos").path("w").asInt())
                        .as(title)
                        .isBetween(1, 24);
                assertThat(panel.path("datasource").path("uid")).as(title).isEqualTo(datasource.path("uid"));
                for (JsonNode target : list(panel.path("targets"))) {
                    assertThat(metrics(target.path("expr").asText()))
                            .as(title)
                            .isNotEmpty()
                            .isSubsetOf(documented);
                }
            }
        }
    }

    @Test
    void targetsAndFoldersAreThoseOfTheContainers() throws IOException {
        JsonNode compose = yaml("docker-compose.yml").path("services");
        for (JsonNode job : list(yaml("ops/prometheus/prometheus.yml").path("scrape_configs"))) {
            for (JsonNode target : list(job.path("static_configs").path(0).path("targets"))) {
                String host = target.asText().split(":")[0];
                assertThat(host.equals("localhost") || compose.has(host))
                        .as(target.asText())
                        .isTrue();
            }
        }
        assertThat(compose.path("trainer").path("command").toString()).contains("0.0.0.0:9404");
        assertThat(yaml("ops/grafana/provisioning/datasources/prometheus.yml")
                        .path("datasources")
                        .path(0)
                        .path("url")
                        .asText())
                .isEqualTo("http://prometheus:9090");
        String provided = yaml("ops/grafana/provisioning/dashboards/freshet.yml")
                .path("providers")
                .path(0)
                .path("options")
                .path("path")
                .asText();
        assertThat(compose.path("grafana").path("volumes").toString()).contains("./ops/grafana/dashboards:" + provided);
        String home = compose.path("grafana")
                .path("environment")
                .path("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH")
                .asText();
        assertThat(ROOT.resolve("ops/grafana/dashboards").resolve(home.substring(provided.length() + 1)))
                .exists();
    }

    /** Every service that stays up says how it is, and what it may use at most; the command line is no service. */
    @Test
    void servicesHaveHealthChecksAndLimits() throws IOException {
        Set<String> once = Set.of("topics", "prepare");
        JsonNode services = yaml("docker-compose.yml").path("services");
        Set<String> checked = new HashSet<>();
        services.properties().forEach(service -> {
            String name = service.getKey();
            if (service.getValue().path("profiles").toString().contains("tools")) {
                return;
            }
            checked.add(name);
            assertThat(service.getValue().path("mem_limit").asText())
                    .as("memory of %s", name)
                    .matches("\\d+[mg]");
            assertThat(service.getValue().path("cpus").asText())
                    .as("processors of %s", name)
                    .matches("1|\\$\\{FRESHET_CPUS:-2}");
            if (!once.contains(name)) {
                JsonNode health = service.getValue().path("healthcheck");
                assertThat(health.path("test").path(0).asText()).as(name).startsWith("CMD");
                assertThat(health.fieldNames()).toIterable().as(name).contains("interval", "timeout", "retries");
            }
        });
        assertThat(checked).containsAll(once).contains("kafka", "taskmanager", "trainer-gpu", "serving", "registry");
    }
}

package dev.freshet.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ComposeFileTest {

    private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();

    @Test
    void composeAcceptsTheFile() throws Exception {
        Optional<List<String>> compose = compose();
        assumeTrue(compose.isPresent(), "skipped: neither docker-compose nor docker compose is installed");

        List<String> command = new ArrayList<>(compose.get());
        command.addAll(List.of("-f", ROOT.resolve("docker-compose.yml").toString(), "config", "-q"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
    }

    @Test
    void containersStartClassesThatExist() throws IOException {
        String scripts = Files.readString(ROOT.resolve("ops/docker/entrypoint.sh"))
                + Files.readString(ROOT.resolve("docker-compose.yml"));
        Matcher classes = Pattern.compile("dev\\.freshet(\\.\\w+)+").matcher(scripts);
        int found = 0;
        while (classes.find()) {
            String source = "src/main/java/" + classes.group().replace('.', '/') + ".java";
            assertThat(List.of("stream-jobs/graph-job", "stream-jobs/serving", "model-trainer", "ops/cli"))
                    .as(classes.group())
                    .anyMatch(module -> Files.exists(ROOT.resolve(module).resolve(source)));
            found++;
        }
        assertThat(found).isEqualTo(4);
    }

    /** Arguments of {@code docker-compose run cli} replace the service's command, and its entry point starts them. */
    @Test
    void toolsRunAsTheHeaderSays() throws IOException {
        String compose = Files.readString(ROOT.resolve("docker-compose.yml"));
        assertThat(compose).contains("docker-compose run --rm cli status ");
        assertThat(compose).contains("entrypoint: [\"/usr/local/bin/freshet\", \"cli\"]");
        assertThat(Files.readString(ROOT.resolve("ops/docker/Dockerfile")))
                .contains("ops/docker/entrypoint.sh /usr/local/bin/freshet");
        assertThat(Files.readString(ROOT.resolve("ops/docker/entrypoint.sh"))).contains("\ncli) main=");
    }

    @Test
    void imagesAreOfTheVersionsInThePom() throws IOException {
        String compose = Files.readString(ROOT.resolve("docker-compose.yml"));
        String pom = Files.readString(ROOT.resolve("pom.xml"));
        assertThat(compose)
                .contains("apache/kafka:" + property(pom, "kafka.version"))
                .contains("flink:" + property(pom, "flink.version") + "-java17")
                .contains("apicurio/apicurio-registry:" + property(pom, "apicurio.version"));
    }

    private static String property(String pom, String name) {
        Matcher value = Pattern.compile("<" + Pattern.quote(name) + ">(.+?)</").matcher(pom);
        assertThat(value.find()).isTrue();
        return value.group(1);
    }

    private static Optional<List<String>> compose() throws InterruptedException {
        for (List<String> candidate : List.of(List.of("docker-compose"), List.of("docker", "compose"))) {
            try {
                List<String> version = new ArrayList<>(candidate);
                version.add("version");
                Process process = new ProcessBuilder(version)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
                if (process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0) {
                    return Optional.of(candidate);
                }
            } catch (IOException e) {
                // Not installed; the next candidate.
            }
        }
        return Optional.empty();
    }
}

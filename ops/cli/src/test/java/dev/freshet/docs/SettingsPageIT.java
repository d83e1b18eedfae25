package dev.freshet.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The page docs/settings.md has every option of every part, as picocli knows them. After a change, write it again with
 * {@code ./mvnw verify -Dit.test=SettingsPageIT -Dfreshet.docs.write=true}.
 */
class SettingsPageIT {

    private static final Path PAGE = Path.of("..", "..", "docs", "settings.md");

    /** Main classes by the folder of their jars. */
    private static final Map<String, List<String>> PARTS = new LinkedHashMap<>();

    static {
        PARTS.put("cli", List.of("dev.freshet.cli.Freshet"));
        PARTS.put("graph-job", List.of("dev.freshet.graphjob.LocalGraphJobMain", "dev.freshet.graphjob.GraphJobMain"));
        PARTS.put("serving", List.of("dev.freshet.serving.ServingMain"));
        PARTS.put("trainer", List.of("dev.freshet.trainer.TrainerMain"));
        PARTS.put("broker", List.of("dev.freshet.broker.BrokerMain"));
    }

    @Test
    void thePageHasEveryOption() throws Exception {
        StringBuilder page = new StringBuilder(
                """
                # Settings

                Every option of every part, as its `--help` has it. What a cluster's own configuration decides (Flink's checkpoints and restarts, Kafka's
                replication) is in [operations.md](operations.md). Settings of models: `freshet evaluate --help` and [evaluate.md](evaluate.md).
                In containers, `JAVA_OPTS` adds flags of the JVM to any part, and `FRESHET_JARS` a folder of jars that come first.

                This page is written by a test: `./mvnw verify -Dit.test=SettingsPageIT -Dfreshet.docs.write=true`.
                """);
        for (Map.Entry<String, List<String>> part : PARTS.entrySet()) {
            for (String main : part.getValue()) {
                page.append("\n## ")
                        .append(part.getKey())
                        .append(" (`")
                        .append(main)
                        .append("`)\n");
                page.append(tables(part.getKey(), main));
            }
        }
        if (Boolean.getBoolean("freshet.docs.write")) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE)).isEqualTo(page.toString());
    }

    /** What the command passes on, it leaves to the part where it is not given, and yet says what it is then. */
    @Test
    void whatIsPassedOnHasTheDefaultOfItsPart() throws Exception {
        Map<String, String> ofParts = new LinkedHashMap<>();
        ofParts.putAll(defaults("serving", "dev.freshet.serving.ServingMain"));
        ofParts.putAll(defaults("trainer", "dev.freshet.trainer.TrainerMain", "loop"));
        ofParts.putAll(defaults("graph-job", "dev.freshet.graphjob.LocalGraphJobMain"));
        Map<String, String> said = defaults("cli", "dev.freshet.cli.Freshet", "up");
        ofParts.keySet().retainAll(said.keySet());
        // The rest is in words.
        ofParts.values().removeIf(value -> !value.startsWith("`"));
        assertThat(ofParts)
                .containsKeys(
                        "--parallelism", "--model", "--min-new-interactions", "--min-interval", "--content-exact");
        ofParts.forEach((option, value) ->
                assertThat(said.get(option)).as(option).matches(Pattern.quote(value.replace("`", "")) + "($|[,;] .*)"));
    }

    @SuppressWarnings("unchecked") // its own method, by another class loader
    private static Map<String, String> defaults(String part, String main, String... command) throws Exception {
        try (URLClassLoader loader = PartClasses.load(part)) {
            return (Map<String, String>) loader.loadClass("dev.freshet.docs.OptionTables")
                    .getMethod("defaults", Class.class, String[].class)
                    .invoke(null, loader.loadClass(main), command);
        }
    }

    private static String tables(String part, String main) throws Exception {
        try (URLClassLoader loader = PartClasses.load(part)) {
            return (String) loader.loadClass("dev.freshet.docs.OptionTables")
                    .getMethod("of", Class.class)
                    .invoke(null, loader.loadClass(main));
        }
    }
}

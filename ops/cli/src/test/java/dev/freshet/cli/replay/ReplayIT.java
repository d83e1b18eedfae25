package dev.freshet.cli.replay;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import picocli.CommandLine;

class ReplayIT {

    private static final int USERS = 80;
    private static final int TASTES = 4;
    private static final int ITEMS_OF_A_TASTE = 40;
    private static final int EVENTS = 2_400;
    private static final int WARM_UP = 1_800;

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private long repeats;
    private long removals;

    /** Users who take items of their own taste alone, some of which they take again or give back. */
    private Path storefront() throws IOException {
        Random random = new Random(6);
        Set<String> had = new HashSet<>();
        StringBuilder csv = new StringBuilder("timestamp,user,item,action\n");
        for (int event = 0; event < EVENTS; event++) {
            int user = random.nextInt(USERS);
            String pair = user + ",i" + (user % TASTES * ITEMS_OF_A_TASTE + random.nextInt(ITEMS_OF_A_TASTE));
            boolean removal = had.contains(pair) && random.nextInt(4) == 0;
            if (event >= WARM_UP) {
                removals += removal ? 1 : 0;
                repeats += !removal && had.contains(pair) ? 1 : 0;
            }
            csv.append(1_700_000_000_000L + event * 1000L)
                    .append(",u")
                    .append(pair)
                    .append(removal ? ",remove\n" : ",click\n");
            if (removal) {
                had.remove(pair);
            } else {
                had.add(pair);
            }
        }
        return Files.writeString(folder.resolve("events.csv"), csv);
    }

    @Test
    void whatIsLearntBeatsWhatIsPopular() throws Exception {
        Path json = folder.resolve("result.json");
        Path plot = folder.resolve("plot.svg");

        int code = execute(
                "--data",
                storefront().toString(),
                "--warm-up",
                "0.75",
                "--retrain-every",
                "300",
                "--model",
                "lightgcn",
                "--json",
                json.toString(),
                "--plot",
                plot.toString());
        System.out.print(out);

        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        JsonNode result = new ObjectMapper().readTree(Files.readAllBytes(json));
        assertThat(result.get("events").asLong()).isEqualTo(EVENTS - WARM_UP);
        assertThat(result.get("repeats").asLong()).isEqualTo(repeats).isPositive();
        assertThat(result.get("removals").asLong()).isEqualTo(removals).isPositive();
        assertThat(result.get("predictions").asLong()).isEqualTo(EVENTS - WARM_UP - repeats - removals);
        assertThat(result.get("releases").size() + result.get("refused").asInt())
                .isEqualTo(2);
        assertThat(result.get("restarts").asInt()).isZero();
        assertThat(result.get("windows"))
                .hasSize(20)
                .allSatisfy(
                        window -> assertThat(window.get("live").get("coverage").asDouble())
                                .isBetween(0.1, 1.0))
                .anySatisfy(window -> assertThat(
                                window.get("freshnessMillis").get("p99").asDouble())
                        .isPositive());
        JsonNode contenders = result.get("arms");
        assertThat(contenders).hasSize(Contender.values().length);
        double popularity = contenders.get("popularity").get("ndcg@20").asDouble();
        for (String contender : new String[] {"live", "item-knn", "model", "frozen", "frozen-refreshed"}) {
            assertThat(contenders.get(contender).get("ndcg@20").asDouble())
                    .as(contender)
                    .isGreaterThan(1.5 * popularity);
        }
        assertThat(contenders.get("live").get("fallback").asDouble()).isLessThan(0.1);
        DocumentBuilderFactory parsers = DocumentBuilderFactory.newInstance();
        // The DTD of SVG lies on another's server.
        parsers.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        Document svg = parsers.newDocumentBuilder().parse(plot.toFile());
        assertThat(svg.getDocumentElement().getTagName()).isEqualTo("svg");
        assertThat(svg.getElementsByTagName("line").getLength()).isGreaterThan(20);
        // One for each panel.
        assertThat(svg.getElementsByTagName("clipPath").getLength()).isEqualTo(3);
    }

    private int execute(String... arguments) {
        return new CommandLine(new ReplayCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}

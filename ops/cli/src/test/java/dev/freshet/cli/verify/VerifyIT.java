package dev.freshet.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.graph.GraphNames;
import dev.freshet.process.JavaProcess;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class VerifyIT {

    private static String flags;

    /** It compares vectors for most of its time, which is slow as quickly compiled. */
    @BeforeAll
    static void compileWell() {
        flags = System.clearProperty(JavaProcess.FLAGS);
    }

    @AfterAll
    static void compileQuickly() {
        if (flags != null) {
            System.setProperty(JavaProcess.FLAGS, flags);
        }
    }

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void movieLensIsEqualThoughTheGraphJobIsKilled() throws IOException {
        Path data = Path.of(System.getProperty("freshet.home", "."), "..", "shared", "data", "movielens-100k")
                .normalize();
        assumeTrue(Files.isDirectory(data), "skipped: no data set at " + data);
        Path json = folder.resolve("result.json");

        int code = execute("--data", data.toString(), "--kill-at", "0.5", "--json", json.toString());
        System.out.print(out);

        assertThat(err.toString()).isEmpty();
        assertThat(out.toString()).endsWith("EQUAL" + System.lineSeparator());
        assertThat(code).isZero();
        JsonNode result = new ObjectMapper().readTree(Files.readAllBytes(json));
        assertThat(result.get("equal").asBoolean()).isTrue();
        assertThat(result.get("events").asLong()).isEqualTo(100_000);
        assertThat(result.get("kills").asInt()).isEqualTo(1);
        assertThat(result.get("restarts").asInt()).isEqualTo(1);
        assertThat(result.get("interactions").get("rows").asLong()).isEqualTo(100_000);
        assertThat(result.get("items").get("rows").asLong()).isEqualTo(1_682);
        JsonNode graphs = result.get("graphs");
        for (String graph :
                new String[] {GraphNames.ITEM_JACCARD, GraphNames.USER_JACCARD, GraphNames.ITEM_COOCCURRENCE}) {
            assertThat(graphs.get(graph).get("differences").asLong()).isZero();
            assertThat(graphs.get(graph).get("edges").asLong()).isPositive();
        }
        assertThat(graphs.get(GraphNames.USER_JACCARD).get("nodes").asLong()).isEqualTo(943);
        assertThat(graphs.get(GraphNames.USER_JACCARD).get("edges").asLong()).isEqualTo(9_430);
    }

    @Test
    void wrongUsageIsOneLine() throws IOException {
        assertThat(execute("--data", folder.resolve("none").toString())).isEqualTo(2);
        assertThat(err.toString()).contains("none: no such file or folder").hasLineCount(1);
        assertThat(execute()).isEqualTo(2);
        assertThat(execute("--data", "x", "--kill-at", "1.5")).isEqualTo(2);
        assertThat(execute("--data", "x", "--kill-at", "0.5,0.2")).isEqualTo(2);
        assertThat(execute("--data", "x", "--kill-at", "0")).isEqualTo(2);
        assertThat(execute("--data", "x", "--limit", "0")).isEqualTo(2);
        assertThat(execute(
                        "--data", "x", "--json", folder.resolve("none/x.json").toString()))
                .isEqualTo(2);
        Path bad = Files.writeString(
                folder.resolve("events.csv"), "timestamp,user,item,action\n1,u,i,click\nsoon,u,i,click\n");
        err.getBuffer().setLength(0);
        assertThat(execute("--data", bad.toString(), "--strict")).isEqualTo(1);
        assertThat(err.toString()).contains(bad + ":3: timestamp is 'soon'").hasLineCount(1);
    }

    private int execute(String... arguments) {
        return new CommandLine(new VerifyCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}

package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import picocli.CommandLine;

/**
 * {@code freshet bench} as a test ran it.
 *
 * @param out what it printed
 * @param result what it wrote, or nothing
 */
record BenchRun(int code, String out, JsonNode result) {

    /**
     * Measures something.
     *
     * @param json takes the result
     */
    static BenchRun of(Path json, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--json", json.toString()));
        StringWriter out = new StringWriter();
        int code = new CommandLine(new BenchCommand())
                .setOut(new PrintWriter(out, true))
                .execute(all.toArray(String[]::new));
        JsonNode result = Files.exists(json) ? new ObjectMapper().readTree(json.toFile()) : MissingNode.getInstance();
        return new BenchRun(code, out.toString(), result);
    }

    /** Writes the events of a shop whose users take turns to buy what chance has them. */
    static Path writeEvents(Path folder, int users, int items, int events, long seed) throws IOException {
        Random random = new Random(seed);
        StringBuilder csv = new StringBuilder("timestamp,user,item,action\n");
        for (int event = 0; event < events; event++) {
            csv.append(1_700_000_000_000L + event * 1_000L)
                    .append(",u")
                    .append(event % users)
                    .append(",i")
                    .append(random.nextInt(items))
                    .append(",purchase\n");
        }
        return Files.writeString(folder.resolve("shop.csv"), csv);
    }
}

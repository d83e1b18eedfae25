package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.Tables;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code freshet recommend}. */
@Command(name = "recommend", mixinStandardHelpOptions = true, description = "Prints the recommendations of a user.")
public final class RecommendCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Parameters(paramLabel = "USER", description = "Id of the user.")
    private String user;

    @Option(names = "--json", description = "Print serving's answer as it is.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        client.requireId("user", user);
        ServingClient serving = client.servingClient();
        Optional<JsonNode> found = serving.find("/v1/recommendations/" + ServingClient.segment(user));
        if (found.isEmpty()) {
            throw new CliException("no user " + user + " is known: "
                    + why(serving.get("/v1/status").path("lag").asLong()));
        }
        JsonNode answer = found.get();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(answer.toPrettyString());
            return 0;
        }
        List<List<String>> rows = new ArrayList<>();
        for (JsonNode item : answer.path("items")) {
            rows.add(List.of(
                    Integer.toString(rows.size() + 1),
                    item.path("item").asText(),
                    item.path("title").asText(""),
                    String.format(Locale.ROOT, "%.4f", item.path("score").asDouble()),
                    reasons(item.path("reasons"))));
        }
        if (rows.isEmpty()) {
            out.println("nothing to recommend to " + user + " yet");
            return 0;
        }
        Tables.print(out, List.of(">", "item", "title", ">score", "why"), rows);
        out.println("model " + answer.path("modelVersion").asText("none yet") + ", generated at "
                + answer.path("generatedAt").asText());
        return 0;
    }

    /** Right after much was sent, a user is not known yet who will be in a moment. */
    private static String why(long lag) {
        return lag > 0
                ? String.format(Locale.ROOT, "%,d interactions wait to be scored; ask again in a moment", lag)
                : "no interaction of theirs has come in";
    }

    private static String reasons(JsonNode reasons) {
        List<String> parts = new ArrayList<>();
        for (JsonNode reason : reasons) {
            String of = reason.path("title").asText(reason.path("item").asText(""));
            parts.add(of.isEmpty() ? reason.path("kind").asText() : "similar to " + of);
        }
        return String.join(", ", parts);
    }
}

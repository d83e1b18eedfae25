package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.Tables;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code freshet similar}. */
@Command(name = "similar", mixinStandardHelpOptions = true, description = "Prints the items most similar to an item.")
public final class SimilarCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Parameters(paramLabel = "ITEM", description = "Id of the item.")
    private String item;

    @Option(
            names = "--graph",
            paramLabel = "NAME",
            description =
                    "item-jaccard, item-cooccurrence, or item-content-MODALITY such as item-content-image. Default: item-jaccard")
    private String graph;

    @Option(names = "--json", description = "Print serving's answer as it is.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        client.requireId("item", item);
        String path = "/v1/items/" + ServingClient.segment(item) + "/similar";
        JsonNode answer =
                client.servingClient().get(graph == null ? path : path + "?graph=" + ServingClient.segment(graph));
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(answer.toPrettyString());
            return 0;
        }
        List<List<String>> rows = new ArrayList<>();
        for (JsonNode neighbor : answer.path("neighbors")) {
            rows.add(List.of(
                    Integer.toString(rows.size() + 1),
                    neighbor.path("id").asText(),
                    neighbor.path("title").asText(""),
                    String.format(Locale.ROOT, "%.4f", neighbor.path("weight").asDouble())));
        }
        Tables.print(out, List.of(">", "item", "title", ">weight"), rows);
        out.println("graph " + answer.path("graph").asText() + ", checkpoint "
                + answer.path("version").asText());
        return 0;
    }
}

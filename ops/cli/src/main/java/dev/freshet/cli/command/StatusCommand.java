package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.Tables;
import dev.freshet.cli.cluster.PartStatus;
import dev.freshet.cli.cluster.RunFile;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code freshet status}. */
@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "Says what runs, and how the loop is.",
        footer = {"", "Exit status: 0 every part is ready, 1 not."})
public final class StatusCommand implements Callable<Integer> {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        Optional<RunFile.Content> running = client.namesServing() ? Optional.empty() : client.running();
        if (running.isEmpty() && !client.namesServing()) {
            return notRunning();
        }
        ObjectNode status = JSON.createObjectNode();
        boolean ready = running.map(content ->
                        content.parts().values().stream().allMatch(part -> part.state() == PartStatus.State.READY))
                .orElse(true);
        running.ifPresent(content -> describe(content, status));
        try {
            status.set("loop", client.servingClient().get("/v1/status"));
        } catch (CliException e) {
            ready = false;
            status.putNull("loop");
            status.put("reason", e.getMessage());
        }
        status.put("ready", ready);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(status.toPrettyString());
        } else {
            print(out, running, status);
        }
        return ready ? 0 : 1;
    }

    private int notRunning() {
        PrintWriter out = spec.commandLine().getOut();
        out.println(
                json
                        ? JSON.createObjectNode()
                                .put("running", false)
                                .put("ready", false)
                                .toPrettyString()
                        : "nothing runs; start the loop with 'freshet up'");
        return 1;
    }

    private static void describe(RunFile.Content content, ObjectNode status) {
        status.put("running", true);
        status.put("pid", content.pid());
        status.put("startedAt", content.startedAt());
        status.put("bootstrapServers", content.bootstrapServers());
        status.put("serving", content.serving());
        status.put("flink", content.flink());
        ObjectNode parts = status.putObject("parts");
        for (Map.Entry<String, PartStatus> entry : content.parts().entrySet()) {
            PartStatus part = entry.getValue();
            ObjectNode node = parts.putObject(entry.getKey());
            node.put("state", part.state().name().toLowerCase(Locale.ROOT));
            node.put("pid", part.pid());
            node.put("restarts", part.restarts());
            node.put("startMillis", part.startMillis());
            OptionalLong memory = ResidentMemory.of(part.pid());
            memory.ifPresent(bytes -> node.put("residentBytes", bytes));
            if (part.reason() != null) {
                node.put("reason", part.reason());
            }
        }
    }

    private static void print(PrintWriter out, Optional<RunFile.Content> running, JsonNode status) {
        if (running.isPresent()) {
            List<List<String>> rows = new ArrayList<>();
            status.path("parts").fields().forEachRemaining(entry -> {
                JsonNode part = entry.getValue();
                rows.add(List.of(
                        entry.getKey(),
                        part.path("state").asText()
                                + (part.has("reason")
                                        ? ": " + part.path("reason").asText()
                                        : ""),
                        part.path("pid").asText(),
                        part.path("restarts").asText(),
                        part.path("startMillis").asText() + " ms",
                        (part.path("residentBytes").asLong() >> 20) + " MiB"));
            });
            Tables.print(out, List.of("part", "state", ">pid", ">restarts", ">start", ">memory"), rows);
            out.println();
            out.println("running since " + running.get().startedAt() + " (pid "
                    + running.get().pid() + ")");
            out.println("page   " + running.get().serving());
            out.println("Kafka  " + running.get().bootstrapServers());
            out.println("Flink  " + running.get().flink());
        }
        if (status.path("loop").isNull()) {
            out.println(status.path("reason").asText());
        } else {
            out.println();
            LoopSummary.print(out, status.path("loop"));
        }
    }
}

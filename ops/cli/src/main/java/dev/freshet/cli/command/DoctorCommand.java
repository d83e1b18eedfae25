package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.command.Doctor.Check;
import dev.freshet.cli.command.Doctor.Verdict;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code freshet doctor}. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Checks whether the loop can run here, and says what to do where it cannot.",
        footer = {"", "Exit status: 0 nothing fails, 1 something does."})
public final class DoctorCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClusterMixin cluster;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        ClusterOptions options = cluster.options();
        List<Check> checks = new Doctor(options, List.of(Part.values())).examine();
        PrintWriter out = spec.commandLine().getOut();
        boolean fails = checks.stream().anyMatch(check -> check.verdict() == Verdict.FAIL);
        if (json) {
            ObjectNode report = new ObjectMapper().createObjectNode();
            report.put("ok", !fails);
            ArrayNode list = report.putArray("checks");
            for (Check check : checks) {
                ObjectNode node = list.addObject();
                node.put("name", check.name());
                node.put("verdict", check.verdict().name().toLowerCase(Locale.ROOT));
                node.put("found", check.found());
                node.put("remedy", check.remedy());
            }
            out.println(report.toPrettyString());
        } else {
            for (Check check : checks) {
                out.printf(
                        "%-5s %-18s %s%n",
                        check.verdict().name().toLowerCase(Locale.ROOT), check.name(), check.found());
                if (check.remedy() != null) {
                    out.printf("%-5s %-18s → %s%n", "", "", check.remedy());
                }
            }
        }
        return fails ? 1 : 0;
    }
}

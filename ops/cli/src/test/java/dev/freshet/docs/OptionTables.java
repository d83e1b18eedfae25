package dev.freshet.docs;

import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The options of a main class and of its commands as tables. Loaded beside the jars of the part, so it knows nothing but picocli. */
public final class OptionTables {

    private OptionTables() {}

    /** Tables of the command, and of all below it, each under its name. */
    public static String of(Class<?> command) {
        StringBuilder page = new StringBuilder();
        append(page, new CommandLine(command).getCommandSpec());
        return page.toString();
    }

    private static void append(StringBuilder page, CommandSpec command) {
        if (command.usageMessage().hidden()) {
            return;
        }
        List<ArgSpec> arguments = command.args().stream()
                .filter(argument -> !argument.hidden() && !isStandard(argument))
                .toList();
        boolean hasOwn = !arguments.isEmpty();
        if (hasOwn) {
            page.append("\n### `")
                    .append(command.qualifiedName())
                    .append("`\n\n")
                    .append(text(command.usageMessage().description()))
                    .append("\n\n| option | default | |\n|---|---|---|\n");
            arguments.forEach(argument -> row(page, argument));
        }
        command.subcommands().values().stream().distinct().forEach(below -> append(page, below.getCommandSpec()));
    }

    private static boolean isStandard(ArgSpec argument) {
        return argument instanceof OptionSpec option && (option.usageHelp() || option.versionHelp());
    }

    private static void row(StringBuilder page, ArgSpec argument) {
        String label = argument.paramLabel();
        String name = argument instanceof OptionSpec option
                ? option.longestName() + (option.arity().max() == 0 ? "" : " " + label)
                : ((PositionalParamSpec) argument).paramLabel();
        String byDefault = argument.required()
                ? "required"
                : argument.defaultValue() == null ? "" : "`" + argument.defaultValue() + "`";
        page.append("| `")
                .append(name.replace("|", "\\|"))
                .append("` | ")
                .append(byDefault)
                .append(" | ")
                .append(text(argument.renderedDescription()).replace("|", "\\|"))
                .append(" |\n");
    }

    private static String text(String... lines) {
        return String.join(" ", Arrays.asList(lines)).strip();
    }
}

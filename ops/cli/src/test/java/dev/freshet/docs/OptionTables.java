package dev.freshet.docs;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The options of a main class and of its commands as tables. Loaded beside the jars of the part, so it knows nothing but picocli. */
public final class OptionTables {

    /** What a description says of the default: at its end, or in brackets. */
    private static final Pattern DEFAULT =
            Pattern.compile(" ?\\(default:? (?<bracketed>[^()]*)\\)| ?Default: (?<value>.*?)\\.?$");

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
        String what = text(argument.renderedDescription());
        Matcher said = DEFAULT.matcher(what);
        String byDefault = argument.required() ? "required" : byDefault(argument);
        // It has a column of its own.
        if (!byDefault.isEmpty() && said.find()) {
            what = what.substring(0, said.start()) + what.substring(said.end());
        }
        page.append("| `")
                .append(name.replace("|", "\\|"))
                .append("` | ")
                .append(byDefault)
                .append(" | ")
                .append(what.replace("|", "\\|"))
                .append(" |\n");
    }

    /** As code where picocli knows it, in words where the description alone says it, or empty. */
    private static String byDefault(ArgSpec argument) {
        if (argument.defaultValue() != null) {
            return '`' + argument.defaultValue() + '`';
        }
        Matcher said = DEFAULT.matcher(text(argument.renderedDescription()));
        if (!said.find()) {
            return "";
        }
        return said.group("value") == null ? said.group("bracketed") : said.group("value");
    }

    /**
     * What an option of a command is by default, by its longest name; those that have no default are left out.
     *
     * @param names of the command below the class's own
     */
    public static Map<String, String> defaults(Class<?> command, String... names) {
        CommandLine line = new CommandLine(command);
        for (String name : names) {
            line = line.getSubcommands().get(name);
        }
        Map<String, String> defaults = new TreeMap<>();
        line.getCommandSpec().options().forEach(option -> {
            String value = byDefault(option);
            if (!value.isEmpty()) {
                defaults.put(option.longestName(), value);
            }
        });
        return defaults;
    }

    private static String text(String... lines) {
        return String.join(" ", Arrays.asList(lines)).strip();
    }
}

package dev.freshet.cli.command;

import dev.freshet.topic.WireFormat;
import java.io.IOException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option of every command that writes what a program outside could, or starts parts that do. */
public final class RegistryMixin {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--registry",
            paramLabel = "URL",
            description = "Schema registry whose ids records of clients carry; see docs/clients.md. Default: none")
    private String registry;

    /** Its address as it was given, or null. */
    String address() {
        return registry;
    }

    /**
     * The format of the topics that clients write or read.
     *
     * @throws ParameterException if the registry does not answer
     */
    public WireFormat format() {
        try {
            return WireFormat.open(registry);
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), "--registry: " + e.getMessage(), e);
        }
    }
}

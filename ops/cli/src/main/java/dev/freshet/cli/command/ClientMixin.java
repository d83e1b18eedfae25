package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.RunFile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of every command that talks to a running loop: by default the one on the state folder. */
public final class ClientMixin {

    private static final String TOKEN_VARIABLE = "FRESHET_TOKEN_FILE";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Mixin
    private StateOption state;

    @Option(names = "--bootstrap", paramLabel = "HOST:PORT", description = "Broker. Default: the local cluster's")
    private String bootstrap;

    @Option(names = "--serving", paramLabel = "URL", description = "Serving. Default: the local cluster's")
    private String serving;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description =
                    "File with the token that serving asks for. Default: the one that " + TOKEN_VARIABLE + " names.")
    private Path tokenFile;

    @Option(
            names = "--trust",
            paramLabel = "FILE",
            description = "Certificates (PEM) to trust at an https:// address, besides those that Java trusts.")
    private Path trust;

    /** What runs on the state folder. */
    Optional<RunFile.Content> running() throws CliException {
        try {
            return RunFile.running(state.path());
        } catch (IOException e) {
            throw new CliException("cannot read the state folder " + state.path() + ": " + e);
        }
    }

    /** Whether a broker was named, and so need not be local. */
    boolean namesBootstrap() {
        return bootstrap != null;
    }

    /** Whether serving was named, and so need not be local. */
    boolean namesServing() {
        return serving != null;
    }

    /**
     * Checks an id from the command line.
     *
     * @param of user or item
     */
    void requireId(String of, String id) {
        if (id.isBlank()) {
            throw new ParameterException(spec.commandLine(), "the " + of + " id is empty");
        }
    }

    /** Address of the broker. */
    public String bootstrap() throws CliException {
        if (bootstrap != null) {
            return bootstrap;
        }
        return running()
                .map(RunFile.Content::bootstrapServers)
                .orElse("127.0.0.1:" + ClusterOptions.DEFAULT_KAFKA_PORT);
    }

    /** Asks serving, with the token and the trust that the command line names. */
    ServingClient servingClient() throws CliException {
        String variable = System.getenv(TOKEN_VARIABLE);
        boolean named = tokenFile == null && variable != null && !variable.isEmpty();
        return new ServingClient(serving(), named ? Path.of(variable) : tokenFile, trust);
    }

    /** Address of serving. */
    URI serving() throws CliException {
        if (serving == null) {
            return URI.create(running()
                    .map(RunFile.Content::serving)
                    .orElse("http://127.0.0.1:" + ClusterOptions.DEFAULT_HTTP_PORT));
        }
        try {
            URI uri = URI.create(serving);
            if (uri.getHost() != null && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw new ParameterException(
                spec.commandLine(), "--serving is '" + serving + "'; write http://HOST:PORT or https://HOST:PORT");
    }
}

package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.NodeKind;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code freshet forget}: a record on {@code erasures}, and for an item its withdrawal. */
@Command(
        name = "forget",
        mixinStandardHelpOptions = true,
        description = "Has everything about a user, or an item, up to now forgotten.")
public final class ForgetCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Mixin
    private RegistryMixin registry;

    @ArgGroup(multiplicity = "1")
    private Target target;

    private static final class Target {
        @Parameters(paramLabel = "USER", arity = "0..1", description = "Id of the user.")
        private String user;

        @Option(names = "--item", paramLabel = "ITEM", description = "Id of an item that is to be forgotten instead.")
        private String item;

        NodeKind kind() {
            return user == null ? NodeKind.ITEM : NodeKind.USER;
        }

        String id() {
            return user == null ? item : user;
        }
    }

    @Override
    public Integer call() throws Exception {
        String bootstrap = client.bootstrap();
        WireFormat format = registry.format();
        Clients.require(bootstrap, Duration.ofSeconds(5));
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        NodeKind kind = target.kind();
        String id = target.id();
        Erasure erasure =
                Erasure.newBuilder().setKind(kind).setId(id).setRequestedAt(now).build();
        try {
            Intake.check(erasure, now.toEpochMilli());
        } catch (BadRecordException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        try (Producer<byte[], byte[]> producer = Clients.producer(bootstrap)) {
            producer.send(new ProducerRecord<>(
                            Topic.ERASURES.name(),
                            Keys.node(kind, id).getBytes(StandardCharsets.UTF_8),
                            format.codec(Topic.ERASURES).encode(erasure)))
                    .get();
            if (kind == NodeKind.ITEM) {
                // The topic items keeps the last record of an item for ever.
                producer.send(new ProducerRecord<>(Topic.ITEMS.name(), id.getBytes(StandardCharsets.UTF_8), null))
                        .get();
            }
        } catch (ExecutionException e) {
            throw new CliException(
                    "the broker at " + bootstrap + " did not take the erasure: "
                            + e.getCause().getMessage(),
                    e);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (kind == NodeKind.USER) {
            out.println("recorded: user " + id + " is to be forgotten, with every event up to " + now);
            out.println("  at once            serving drops the history, the embedding and the recommendations");
        } else {
            out.println("recorded: item " + id + " is to be forgotten, with every event up to " + now);
            out.println("  at once            serving no longer recommends it; the topic items has its withdrawal");
        }
        out.println("  next checkpoint    the graph job drops its interactions, counts, lists and names;");
        out.println("                     the snapshot of then and later ones are without it, the topic neighbors too");
        out.println("  after retention    snapshots from before, with their files");
        out.println("  next release       models, which are trained on snapshots");
        out.println("  never              the events on the topic interactions, before its retention ends");
        return 0;
    }
}

package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.cli.Tables;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicCatalogue;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code freshet topics}: creates the topics on a broker that is not the local cluster's. */
@Command(
        name = "topics",
        mixinStandardHelpOptions = true,
        description = "Creates the topics that are missing on a broker, and publishes the schemas.")
public final class TopicsCommand implements Callable<Integer> {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            defaultValue = "" + ClusterOptions.DEFAULT_PARTITIONS,
            description = "Partitions of topics that are split by key. Default: ${DEFAULT-VALUE}")
    private int partitions;

    @Option(
            names = "--replication",
            paramLabel = "N",
            defaultValue = "1",
            description = "Replicas of every partition. Default: ${DEFAULT-VALUE}")
    private short replication;

    @Override
    public Integer call() throws Exception {
        require("--partitions", partitions);
        require("--replication", replication);
        String bootstrap = client.bootstrap();
        Clients.require(bootstrap, TIMEOUT);
        Set<String> created;
        try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap));
                Producer<byte[], byte[]> producer = Clients.producer(bootstrap)) {
            created = TopicCatalogue.create(admin, partitions, replication);
            SchemaTopic.publish(producer);
        } catch (KafkaException e) {
            throw new CliException("the broker at " + bootstrap + " refuses: " + e.getMessage(), e);
        }
        List<List<String>> rows = new ArrayList<>();
        for (Topic<?> topic : Topic.all().values()) {
            rows.add(List.of(
                    topic.name(),
                    topic.value().getSimpleName(),
                    topic.cleanup().name().toLowerCase(Locale.ROOT),
                    created.contains(topic.name()) ? "created" : "was there"));
        }
        PrintWriter out = spec.commandLine().getOut();
        Tables.print(out, List.of("topic", "value", "cleanup", ""), rows);
        return 0;
    }

    private void require(String option, int value) {
        if (value < 1) {
            throw new ParameterException(spec.commandLine(), option + " is " + value + "; it must be at least 1");
        }
    }
}

package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.Durations;
import dev.freshet.cli.Metrics;
import dev.freshet.cli.send.Bars;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Command;
import dev.freshet.schema.Evaluation;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code freshet train}: asks the trainer to train now, and follows it until it has decided on a release. */
@CommandLine.Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Trains on the newest snapshot now, and waits for the release.",
        footer = {"", "Exit status: 0 released, 1 rejected by the quality gate or failed."})
public final class TrainCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            converter = ModelName.class,
            description = "Model: spumr, lightgcn, and those that evaluate knows. Default: the trainer's")
    private String model;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "30m",
            converter = Durations.class,
            description = "Longest wait. Default: ${DEFAULT-VALUE}")
    private Duration timeout;

    @Option(
            names = "--start-timeout",
            paramLabel = "TIME",
            defaultValue = "2m",
            converter = Durations.class,
            description = "Longest wait for the first epoch. Default: ${DEFAULT-VALUE}")
    private Duration startTimeout;

    @Option(names = "--json", description = "Print the decision as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        String bootstrap = client.bootstrap();
        Clients.require(bootstrap, Duration.ofSeconds(5));
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            SchemaTopic.load(consumer);
            TopicScan.assignAtEnd(consumer, Topic.EVALUATIONS.name());
            long command =
                    ControlTopic.send(bootstrap, Command.TRAIN, model == null ? Map.of() : Map.of("model", model));
            return report(follow(consumer, command));
        } catch (KafkaException e) {
            throw new CliException("the broker at " + bootstrap + " refuses: " + e.getMessage(), e);
        }
    }

    /** The decision on the first run that begins after the command; a run under way then is let pass. */
    private Evaluation follow(Consumer<byte[], byte[]> consumer, long command) throws CliException {
        Instant started = Instant.now();
        String run = null;
        String passing = null;
        try (ProgressBar bar = Bars.open("Training", 1, "epochs")) {
            while (Duration.between(started, Instant.now()).compareTo(timeout) < 0) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    Evaluation evaluation;
                    try {
                        evaluation = Topic.EVALUATIONS.codec().decode(record.value());
                    } catch (BadRecordException e) {
                        continue;
                    }
                    if (run == null
                            && evaluation.getEpoch() > 1
                            && !evaluation.getRunId().equals(passing)) {
                        passing = evaluation.getRunId();
                    }
                    if (evaluation.getRunId().equals(passing)
                            || ControlTopic.answersAnother(evaluation.getRunId(), command)) {
                        continue;
                    }
                    switch (evaluation.getKind()) {
                        case EPOCH -> {
                            run = evaluation.getRunId();
                            bar.maxHint(Math.max(1, evaluation.getEpochs()));
                            bar.stepTo(evaluation.getEpoch());
                            bar.setExtraMessage("  " + Metrics.line(evaluation.getMetrics()));
                        }
                        case GATE -> {
                            if (run == null || run.equals(evaluation.getRunId())) {
                                return evaluation;
                            }
                        }
                        case OFFLINE, PREQUENTIAL -> {}
                    }
                }
                if (run == null && Duration.between(started, Instant.now()).compareTo(startTimeout) > 0) {
                    throw new CliException(
                            "the trainer has begun no training within " + startTimeout.toSeconds()
                                    + " s; is there a snapshot yet? See 'freshet status' and logs/trainer.log in the state folder");
                }
            }
        }
        throw new CliException("no decision within " + timeout.toSeconds() + " s; wait longer with --timeout");
    }

    private int report(Evaluation gate) {
        boolean accepted = Boolean.TRUE.equals(gate.getAccepted());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode node = new ObjectMapper().createObjectNode();
            node.put("accepted", accepted)
                    .put("model", gate.getModel())
                    .put("version", gate.getVersion())
                    .put("snapshot", gate.getSnapshotId())
                    .put("reason", gate.getReason());
            ObjectNode metrics = node.putObject("metrics");
            gate.getMetrics().forEach(metrics::put);
            out.println(node.toPrettyString());
        } else {
            out.println((accepted ? "released " : "rejected ")
                    + gate.getModel()
                    + (gate.getVersion() == null ? "" : " " + gate.getVersion())
                    + (gate.getReason() == null ? "" : ": " + gate.getReason()));
            String metrics = Metrics.line(gate.getMetrics());
            if (!metrics.isEmpty()) {
                out.println("  " + metrics);
            }
        }
        return accepted ? 0 : 1;
    }
}

package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.Durations;
import dev.freshet.cli.Metrics;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.PartStatus;
import dev.freshet.cli.send.Bars;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Command;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Split;
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

    /** A run without a word for this long has died; serving says so, too. */
    private static final Duration SILENCE = Duration.ofMinutes(5);

    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final String WHERE = "see 'freshet status' and logs/trainer.log in the state folder";

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            converter = ModelName.class,
            description = "Model: spumr, lightgcn, and those that evaluate knows. Default: the trainer's; of a"
                    + " split, that with the most users")
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
            description = "Longest wait for the first epoch, after a training under way. Default: ${DEFAULT-VALUE}")
    private Duration startTimeout;

    @Option(names = "--json", description = "Print the decision as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        String bootstrap = client.bootstrap();
        Clients.require(bootstrap, Duration.ofSeconds(5));
        String expected = expected();
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            SchemaTopic.load(consumer);
            TopicScan.assignAtEnd(consumer, Topic.EVALUATIONS.name());
            long command =
                    ControlTopic.send(bootstrap, Command.TRAIN, model == null ? Map.of() : Map.of("model", model));
            return report(follow(consumer, new AwaitedRun(expected, command)));
        } catch (KafkaException e) {
            throw new CliException("the broker at " + bootstrap + " refuses: " + e.getMessage(), e);
        }
    }

    /** The model that the trainer takes where none is named: of a split that with the most users. Null where that is not known. */
    private String expected() throws CliException {
        if (model != null) {
            return model;
        }
        if (!client.namesServing()
                && (client.namesBootstrap() || client.running().isEmpty())) {
            return null;
        }
        try {
            Split split = client.servingClient().split();
            return split.splits() ? split.arms().get(split.control()).name() : null;
        } catch (CliException e) {
            // A training needs no serving.
            return null;
        }
    }

    /** The decision on the run that the command has asked for. */
    private Evaluation follow(Consumer<byte[], byte[]> consumer, AwaitedRun awaited) throws CliException {
        Instant started = Instant.now();
        Instant heard = started;
        Instant looked = started;
        try (ProgressBar bar = Bars.open("Training", 1, "epochs")) {
            while (!past(started, timeout)) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    Evaluation evaluation;
                    try {
                        evaluation = Topic.EVALUATIONS.codec().decode(record.value());
                    } catch (BadRecordException e) {
                        continue;
                    }
                    // The trainer does one after the other.
                    heard = Instant.now();
                    if (!awaited.isOf(evaluation)) {
                        continue;
                    }
                    if (evaluation.getKind() == EvaluationKind.GATE) {
                        return evaluation;
                    }
                    if (evaluation.getKind() == EvaluationKind.EPOCH) {
                        bar.maxHint(Math.max(1, evaluation.getEpochs()));
                        bar.stepTo(evaluation.getEpoch());
                        bar.setExtraMessage("  " + Metrics.line(evaluation.getMetrics()));
                    }
                }
                if (awaited.run() == null && past(heard, startTimeout)) {
                    throw new CliException("the trainer has begun no training within " + startTimeout.toSeconds()
                            + " s; is there a snapshot yet? " + WHERE);
                }
                if (awaited.run() != null && past(heard, SILENCE)) {
                    throw new CliException("the training " + awaited.run() + " has gone silent for "
                            + SILENCE.toMinutes() + " minutes; " + WHERE);
                }
                if (past(looked, LOOK)) {
                    looked = Instant.now();
                    requireTrainer();
                }
            }
        }
        throw new CliException("no decision within " + timeout.toSeconds() + " s; wait longer with --timeout");
    }

    private static boolean past(Instant since, Duration time) {
        return Duration.between(since, Instant.now()).compareTo(time) > 0;
    }

    /** A trainer of the local cluster that is not started again decides nothing any more. */
    private void requireTrainer() throws CliException {
        PartStatus trainer = client.namesBootstrap()
                ? null
                : client.running()
                        .map(running -> running.parts().get(Part.TRAINER.folder()))
                        .orElse(null);
        if (trainer != null
                && (trainer.state() == PartStatus.State.GAVE_UP || trainer.state() == PartStatus.State.STOPPED)) {
            throw new CliException("the trainer is down"
                    + (trainer.reason() == null ? "" : " (" + trainer.reason() + ")") + "; " + WHERE);
        }
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

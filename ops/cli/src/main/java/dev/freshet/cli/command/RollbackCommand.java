package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.Durations;
import dev.freshet.cli.send.Bars;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Command;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.ModelRelease;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Keys;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code freshet rollback}: puts an earlier release in force again, and follows it until everyone is scored by it. */
@CommandLine.Command(
        name = "rollback",
        mixinStandardHelpOptions = true,
        description = {
            "Puts an earlier release in force again, and waits until serving has scored everyone by it. 'freshet models' lists them.",
            "The trainer then releases nothing by itself until 'freshet train' has released something, which starts from this"
                    + " release and must stand up to it."
        },
        footer = {
            "",
            "Exit status: 0 in force, 1 failed or not within the time, 2 no such release, or not whole any more, or of"
                    + " a model without an arm."
        })
public final class RollbackCommand implements Callable<Integer> {

    private static final Duration POLL = Duration.ofMillis(200);

    /** Of those that can be returned to, so many are listed. */
    private static final int LISTED = 10;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Parameters(paramLabel = "VERSION", description = "Version of the release.")
    private String version;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "5m",
            converter = Durations.class,
            description = "Longest wait. Default: ${DEFAULT-VALUE}")
    private Duration timeout;

    @Override
    public Integer call() throws Exception {
        if (version.isBlank()) {
            throw new ParameterException(spec.commandLine(), "the version is empty");
        }
        String bootstrap = client.bootstrap();
        ServingClient serving = client.servingClient();
        Clients.require(bootstrap, Duration.ofSeconds(5));
        Instant deadline = Instant.now().plus(timeout);
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            SchemaTopic.load(consumer);
            ReleaseLog log = ReleaseLog.read(consumer, serving.split());
            ModelRelease release = check(log);
            if (log.isInForce(version)) {
                spec.commandLine().getOut().println(version + " is in force already");
                return 0;
            }
            TopicScan.assignAtEnd(consumer, Topic.EVALUATIONS.name());
            long command = ControlTopic.send(bootstrap, Command.ROLLBACK, Map.of("version", version));
            Evaluation answer;
            try (ProgressBar bar = Bars.open("Rolling back", release.getUsers() + release.getItems(), "embeddings")) {
                answer = await(consumer, command, deadline);
                if (Boolean.TRUE.equals(answer.getAccepted())) {
                    follow(serving, bar, deadline);
                }
            }
            if (!Boolean.TRUE.equals(answer.getAccepted())) {
                spec.commandLine().getErr().println("freshet rollback: " + answer.getReason());
                return CommandLine.ExitCode.USAGE;
            }
        } catch (KafkaException e) {
            throw new CliException("the broker at " + bootstrap + " refuses: " + e.getMessage(), e);
        }
        spec.commandLine()
                .getOut()
                .println(version + " is in force; the trainer releases nothing by itself until 'freshet train' has");
        return 0;
    }

    /** The arm that the version is in force in. */
    private Optional<JsonNode> arm(JsonNode status) {
        for (JsonNode arm : status.path("arms")) {
            if (arm.path("version").asText().equals(version)) {
                return Optional.of(arm);
            }
        }
        return Optional.empty();
    }

    /** What this process can know; the trainer looks at its saved model, too. */
    private ModelRelease check(ReleaseLog log) {
        Optional<String> why = log.obstacle(version);
        if (why.isPresent()) {
            List<String> whole = log.others().limit(LISTED).toList();
            throw new ParameterException(
                    spec.commandLine(),
                    why.get() + "; "
                            + (whole.isEmpty()
                                    ? "there is none to return to"
                                    : "there are " + String.join(", ", whole)));
        }
        return log.of(version).orElseThrow();
    }

    /** The trainer's answer. */
    private Evaluation await(Consumer<byte[], byte[]> consumer, long command, Instant deadline) throws CliException {
        while (Instant.now().isBefore(deadline)) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                try {
                    Evaluation evaluation = Topic.EVALUATIONS.codec().decode(record.value());
                    if (evaluation.getRunId().equals(Keys.answer(command))) {
                        return evaluation;
                    }
                } catch (BadRecordException e) {
                    // Not the answer.
                }
            }
        }
        throw new CliException("the trainer has not answered within " + timeout.toSeconds()
                + " s; does it run? See 'freshet status' and logs/trainer.log in the state folder");
    }

    /** Waits until serving has the release in force and everyone is scored by it. */
    private void follow(ServingClient serving, ProgressBar bar, Instant deadline)
            throws CliException, InterruptedException {
        long embeddings = bar.getMax();
        while (Instant.now().isBefore(deadline)) {
            JsonNode status = serving.get("/v1/status");
            Optional<JsonNode> arm = arm(status);
            // Of a small arm, an instance may have no user.
            boolean splits = status.path("arms").size() > 1;
            if (arm.isPresent()) {
                JsonNode rescoring = arm.get().path("rescoring");
                long total = rescoring.path("total").asLong();
                long done = rescoring.path("done").asLong();
                bar.maxHint(embeddings + total);
                bar.stepTo(embeddings + done);
                boolean begun = rescoring.path("version").asText().equals(version);
                if (begun
                        && done >= total
                        && (total > 0 || splits || status.path("users").asLong() == 0)) {
                    return;
                }
            } else {
                bar.stepTo(status.path("loading").path("read").asLong());
                for (JsonNode release : status.path("releases")) {
                    if (release.path("version").asText().equals(version) && release.has("refused")) {
                        throw new CliException(
                                "serving refuses it: " + release.path("refused").asText());
                    }
                }
            }
            Thread.sleep(POLL.toMillis());
        }
        throw new CliException("the rollback is announced, but serving has not scored everyone by it within "
                + timeout.toSeconds() + " s; see 'freshet status'");
    }
}

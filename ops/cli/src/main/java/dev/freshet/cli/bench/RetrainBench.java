package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.command.LoopControl;
import dev.freshet.cli.command.ServingClient;
import dev.freshet.cli.send.Bars;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Predicate;
import me.tongfei.progressbar.ProgressBar;
import org.apache.kafka.clients.consumer.Consumer;

/** One retraining of a prepared loop, with the time that each phase takes. */
final class RetrainBench {

    private static final Duration POLL = Duration.ofMillis(50);
    private static final Duration STALL_TIMEOUT = Duration.ofMinutes(10);

    /** What a retraining goes through, in this order. */
    enum Phase {
        SNAPSHOT("from the command to the snapshot of everything"),
        READING("snapshot and saved model read, training begun"),
        TRAINING("epochs until no better, with the release in force measured"),
        JUDGING("measured on the held-out slice, judged, trained on with all of it"),
        PUBLISHING("model saved, embeddings and release published"),
        LOADING("serving has the release in force"),
        SCORING("all users scored anew");

        private final String description;

        Phase(String description) {
            this.description = description;
        }

        String description() {
            return description;
        }
    }

    /** When a run came how far, in milliseconds since 1970 by the broker's clock. */
    private static final class Progress {
        private long begun;
        private long trained;
        private int epochs;
    }

    private final PreparedLoop loop;
    private final ServingClient serving;

    RetrainBench(PreparedLoop loop) {
        this.loop = loop;
        this.serving = new ServingClient(loop.cluster().servingUri());
    }

    /** @param data name of the data set */
    RetrainResult run(String data) throws IOException, CliException, ClusterException, InterruptedException {
        loop.startTrainer();
        long sent = loop.sendHeld();
        long start = System.currentTimeMillis();
        long snapshot;
        long released;
        Evaluation decision;
        try (LoopControl control = new LoopControl(loop.cluster().bootstrapServers(), loop::checkCluster);
                ProgressBar bar = Bars.open("Retraining", 1, "epochs")) {
            SnapshotManifest manifest = control.snapshot((covered, all) -> {});
            snapshot = System.currentTimeMillis();
            decision = control.train(manifest, epoch -> {
                bar.maxHint(Math.max(1, epoch.getEpochs()));
                bar.stepTo(epoch.getEpoch());
            });
            released = System.currentTimeMillis();
        }
        if (!Boolean.TRUE.equals(decision.getAccepted())) {
            throw new CliException("the retrained model was not released: " + decision.getReason());
        }
        long loaded = await(status -> version(status.path("model")).equals(decision.getVersion()));
        // Each partition adds its users when it begins; whoever comes later is scored as it comes.
        long users = serving.get("/v1/status").path("users").asLong();
        long scored = await(status -> {
            long total = status.path("rescoring").path("total").asLong();
            return total >= users && status.path("rescoring").path("done").asLong() >= total;
        });
        Progress run = progress(decision.getRunId());
        Map<Phase, Double> seconds = new EnumMap<>(Phase.class);
        seconds.put(Phase.SNAPSHOT, (snapshot - start) / 1e3);
        seconds.put(Phase.READING, (run.begun - snapshot) / 1e3);
        seconds.put(Phase.TRAINING, (run.trained - run.begun) / 1e3);
        // On the clock of this machine, where all parts run.
        long judged = decision.getAt().toEpochMilli();
        seconds.put(Phase.JUDGING, (judged - run.trained) / 1e3);
        seconds.put(Phase.PUBLISHING, (released - judged) / 1e3);
        seconds.put(Phase.LOADING, (loaded - released) / 1e3);
        seconds.put(Phase.SCORING, (scored - loaded) / 1e3);
        return new RetrainResult(
                data, HostMachine.now(), decision, users, loop.interactions() + sent, sent, run.epochs, seconds);
    }

    private static String version(JsonNode node) {
        return node.path("version").asText("");
    }

    /** Asks serving until its status is so; when that was, in milliseconds since 1970. */
    private long await(Predicate<JsonNode> condition) throws CliException, ClusterException, InterruptedException {
        long deadline = System.nanoTime() + STALL_TIMEOUT.toNanos();
        while (!condition.test(serving.get("/v1/status"))) {
            loop.checkCluster();
            if (System.nanoTime() > deadline) {
                throw new ClusterException("serving has not taken the release for " + STALL_TIMEOUT.toMinutes()
                        + " minutes; its log is " + loop.cluster().options().log(Part.SERVING));
            }
            Thread.sleep(POLL.toMillis());
        }
        return System.currentTimeMillis();
    }

    private Progress progress(String run) {
        Progress progress = new Progress();
        try (Consumer<byte[], byte[]> consumer =
                Consumers.committed(loop.cluster().bootstrapServers())) {
            TopicScan.assign(consumer, Topic.EVALUATIONS.name());
            TopicScan.toEnd(consumer, record -> {
                Evaluation evaluation;
                try {
                    evaluation = Topic.EVALUATIONS.codec().decode(record.value());
                } catch (BadRecordException e) {
                    throw new IllegalStateException(e);
                }
                if (!evaluation.getRunId().equals(run)) {
                    return;
                }
                if (evaluation.getKind() == EvaluationKind.EPOCH) {
                    progress.begun = progress.begun == 0 ? record.timestamp() : progress.begun;
                    progress.trained = record.timestamp();
                    progress.epochs = evaluation.getEpoch();
                }
            });
        }
        return progress;
    }
}

package dev.freshet.serving.http;

import dev.freshet.schema.Command;
import dev.freshet.schema.Control;
import dev.freshet.schema.Evaluation;
import dev.freshet.serving.release.EvaluationLog;
import dev.freshet.serving.release.Outbox;
import dev.freshet.serving.release.ReleaseReader;
import dev.freshet.topic.Topic;
import io.javalin.Javalin;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Models: what was released, how it was judged, and back to an earlier release. */
final class ModelRoutes {

    private static final int MAX_RELEASES = ReleaseReader.KEPT + 1;

    /** The trainer answers a command with a run of this name and the command's offset. */
    private static final String ANSWER = "control-";

    private final StatusBoard board;
    private final EvaluationLog evaluations;
    private final Outbox outbox;

    ModelRoutes(StatusBoard board, EvaluationLog evaluations, Outbox outbox) {
        this.board = board;
        this.evaluations = evaluations;
        this.outbox = outbox;
    }

    void register(Javalin javalin, WriteGuard guard) {
        javalin.get("/v1/models", ctx -> ctx.json(board.models(Requests.number(ctx, "limit", 20, 1, MAX_RELEASES))));
        javalin.get("/v1/evaluations", this::evaluations);
        javalin.get("/v1/evaluations/{run}", this::evaluation);
        javalin.post("/v1/rollbacks", guard.guarded(this::rollBack));
    }

    private void evaluations(Context ctx) {
        int limit = Requests.number(ctx, "limit", 20, 1, EvaluationLog.KEPT);
        ctx.json(new Answers.RunsView(
                evaluations.newest(limit).stream().map(ModelRoutes::run).toList()));
    }

    private void evaluation(Context ctx) {
        String id = Requests.id(ctx, "run");
        EvaluationLog.Run run = evaluations
                .of(id)
                .orElseThrow(() -> ProblemException.notFound(
                        "no run " + id + " is known; the newest " + EvaluationLog.KEPT + " of the last 30 days are"));
        ctx.json(new Answers.RunDetail(
                run(run),
                run.epochs().stream()
                        .filter(epoch -> epoch.getEpoch() > 0)
                        .map(epoch -> new Answers.EpochView(
                                epoch.getEpoch(), epoch.getAt(), new TreeMap<>(epoch.getMetrics())))
                        .toList()));
    }

    private static Answers.RunView run(EvaluationLog.Run run) {
        Evaluation newest = run.newest();
        Evaluation epoch =
                run.epochs().isEmpty() ? null : run.epochs().get(run.epochs().size() - 1);
        Evaluation first = run.epochs().isEmpty() ? newest : run.epochs().get(0);
        return new Answers.RunView(
                run.id(),
                newest.getModel(),
                newest.getVersion(),
                newest.getSnapshotId(),
                first.getAt(),
                newest.getAt(),
                epoch == null ? 0 : epoch.getEpoch(),
                run.result() == null ? Map.of() : new TreeMap<>(run.result().getMetrics()),
                run.result() == null ? 0 : run.result().getUsers(),
                run.decision() == null ? null : decision(run.decision()));
    }

    static Answers.DecisionView decision(Evaluation decision) {
        return new Answers.DecisionView(
                decision.getRunId(),
                decision.getVersion(),
                Boolean.TRUE.equals(decision.getAccepted()),
                decision.getReason(),
                decision.getAt(),
                new TreeMap<>(decision.getMetrics()));
    }

    /** Asks the trainer, as {@code freshet rollback} does; it looks at the saved model, too, and answers on evaluations. */
    private void rollBack(Context ctx) {
        String version = JsonBody.of(ctx, Set.of("version")).text("version");
        Answers.ModelsView models = board.models(MAX_RELEASES);
        if (version.equals(models.inForce())) {
            throw ProblemException.conflict(version + " is in force already");
        }
        Answers.ModelView release = models.releases().stream()
                .filter(known ->
                        known.version().equals(version) && known.action().equals("RELEASE"))
                .findFirst()
                .orElseThrow(() -> ProblemException.notFound(
                        "no release " + Requests.shortened(version) + " is known; /v1/models lists them"));
        if (release.refused() != null) {
            throw ProblemException.conflict(version + " cannot be put in force: " + release.refused());
        }
        Control control = Control.newBuilder()
                .setCommand(Command.ROLLBACK)
                .setArguments(Map.of("version", version))
                .setRequestedAt(Instant.now().truncatedTo(ChronoUnit.MILLIS))
                .build();
        Outbox.Place place = outbox.send(
                Topic.CONTROL.name(),
                Command.ROLLBACK.name().getBytes(StandardCharsets.UTF_8),
                Topic.CONTROL.codec().encode(control));
        ctx.status(202);
        ctx.json(new Answers.RollbackView(version, ANSWER + place.offset()));
    }
}

package dev.freshet.serving.http;

import dev.freshet.schema.Command;
import dev.freshet.schema.Control;
import dev.freshet.schema.Evaluation;
import dev.freshet.serving.release.EvaluationLog;
import dev.freshet.serving.release.Outbox;
import dev.freshet.serving.release.ReleaseReader;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Models: what was released, how it was judged, and back to an earlier release. */
final class ModelRoutes {

    private static final int MAX_RELEASES = ReleaseReader.KEPT + 1;

    private static final Parameter<Integer> RELEASES =
            Parameter.number("limit", 20, 1, MAX_RELEASES, "how many, at most");
    private static final Parameter<Integer> RUNS =
            Parameter.number("limit", 20, 1, EvaluationLog.KEPT, "how many, at most");
    private static final Parameter<Optional<Cursor>> AFTER = Parameter.after();
    private static final Parameter<String> RUN = Parameter.id("run", "the run's id");

    private final StatusBoard board;
    private final EvaluationLog evaluations;
    private final Outbox outbox;

    ModelRoutes(StatusBoard board, EvaluationLog evaluations, Outbox outbox) {
        this.board = board;
        this.evaluations = evaluations;
        this.outbox = outbox;
    }

    void register(Routes.Section routes) {
        routes.get("/v1/models", "The releases and rollbacks, newest first")
                .with(RELEASES, AFTER)
                .answers(Answers.ModelsView.class)
                .by(ctx -> ctx.json(
                        board.models(AFTER.of(ctx).map(Cursor::rank).orElse(Long.MAX_VALUE), RELEASES.of(ctx))));
        routes.get("/v1/evaluations", "The trainings, and answers to commands, newest first")
                .with(RUNS, AFTER)
                .answers(Answers.RunsView.class)
                .by(this::evaluations);
        routes.get("/v1/evaluations/{run}", "One of them, with its epochs")
                .with(RUN)
                .answers(Answers.RunDetail.class)
                .problems(404)
                .by(this::evaluation);
        routes.get("/v1/results", "Results on data sets, as 'freshet publish' has brought them, newest first")
                .with(RUNS, AFTER)
                .answers(Answers.ResultsView.class)
                .by(this::results);
        routes.post("/v1/rollbacks", "Ask the trainer to put a release in force again")
                .answers(202, Answers.RollbackView.class)
                .problems(404, 409)
                .by(Bodies.Rollback.class, this::rollBack);
    }

    private void evaluations(Context ctx) {
        int limit = RUNS.of(ctx);
        // One more than wanted: whether there are more.
        List<EvaluationLog.Run> found =
                evaluations.newest(AFTER.of(ctx).map(Cursor::id).orElse(null), limit + 1);
        List<EvaluationLog.Run> shown = found.subList(0, Math.min(limit, found.size()));
        ctx.json(new Answers.RunsView(
                shown.stream().map(ModelRoutes::run).toList(),
                found.size() > limit ? new Cursor(0, shown.get(limit - 1).id()).text() : null));
    }

    /** What 'freshet publish' has put on the topic. */
    private void results(Context ctx) {
        int limit = RUNS.of(ctx);
        long before = AFTER.of(ctx).map(Cursor::rank).orElse(Long.MAX_VALUE);
        // One more than wanted: whether there are more.
        List<EvaluationLog.OnDataSet> found = evaluations.onDataSets(before, limit + 1);
        List<EvaluationLog.OnDataSet> shown = found.subList(0, Math.min(limit, found.size()));
        ctx.json(new Answers.ResultsView(
                shown.stream().map(result -> result(result.evaluation())).toList(),
                found.size() > limit ? new Cursor(shown.get(limit - 1).offset(), "").text() : null));
    }

    private static Answers.ResultView result(Evaluation result) {
        return new Answers.ResultView(
                result.getRunId(),
                result.getModel(),
                result.getAt(),
                new TreeMap<>(result.getMetrics()),
                result.getUsers(),
                new TreeMap<>(result.getConfiguration()));
    }

    private void evaluation(Context ctx) {
        String id = RUN.of(ctx);
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
    private void rollBack(Context ctx, JsonBody body) {
        String version = body.text("version");
        if (board.models(Long.MAX_VALUE, 1).arms().stream().anyMatch(arm -> version.equals(arm.version()))) {
            throw ProblemException.conflict(version + " is in force already");
        }
        Answers.ModelView release = board.release(version)
                .orElseThrow(() -> ProblemException.notFound(
                        "no release " + Requests.shortened(version) + " is known; /v1/models lists them"));
        if (!board.split().serves(release.model())) {
            throw ProblemException.conflict(
                    version + " is of " + release.model() + ", which has no arm in " + board.split());
        }
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
        ctx.json(new Answers.RollbackView(version, Keys.answer(place.offset())));
    }
}

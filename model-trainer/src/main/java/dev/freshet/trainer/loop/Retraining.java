package dev.freshet.trainer.loop;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.evaluation.FullRanking;
import dev.freshet.trainer.evaluation.Measurement;
import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.model.Embeddings;
import dev.freshet.trainer.model.Inductive;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.store.Safetensors.Matrix;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One training on a snapshot, in two steps. First the model is trained without the held-out slice, on graphs built without it (the
 * snapshot's own know it), and measured on it. Then, warm from there, it is trained for a quarter of the epochs that were best on all
 * interactions, with the snapshot's graphs: a release knows what happened last, and its metrics are those of a model that did not.
 * The next training starts from the parameters before the second step, or its slice would have been seen.
 */
final class Retraining {

    private static final int REFIT_SHARE = 4;

    private final ModelFactory factory;
    private final Settings settings;
    private final Backend backend;
    private final Workers workers;
    private final long seed;

    /**
     * What the second step came to.
     *
     * @param embeddings embeddings to release
     * @param inductive what it takes to embed other nodes; empty from models that cannot
     * @param parameters parameters after it
     */
    record Refit(Embeddings embeddings, Optional<Inductive> inductive, Map<String, Matrix> parameters) {}

    /**
     * What came out.
     *
     * @param refit what to release; null if it may not be released
     * @param outcome how the training went
     * @param test metrics on the held-out slice, before the model saw it
     * @param popularity metrics of the most popular items on the same slice
     * @param inForce metrics of the release in force on the same slice; null where they could not be measured
     * @param difference how much better the model is than that; null where it could not be measured
     * @param evaluated parameters before the second step
     * @param warm whether it started from a saved model, be it in part
     * @param reason why it may be released, or may not
     */
    record Candidate(
            Refit refit,
            Training.Outcome outcome,
            Metrics test,
            Metrics popularity,
            Metrics inForce,
            Difference difference,
            Map<String, Matrix> evaluated,
            boolean warm,
            String reason) {

        /** Whether it may be released. */
        boolean accepted() {
            return refit != null;
        }
    }

    /** Follows a training. */
    interface Listener extends Training.Listener {

        /**
         * Told when the model has been measured, before it is judged and the second step begins.
         *
         * @param popularity the most popular items on the same slice
         * @param inForce the release in force on it, or null
         */
        void measured(Training.Outcome outcome, Metrics test, Metrics popularity, Metrics inForce);
    }

    Retraining(ModelFactory factory, Settings settings, Backend backend, Workers workers, long seed) {
        this.factory = factory;
        this.settings = settings;
        this.backend = backend;
        this.workers = workers;
        this.seed = seed;
    }

    /**
     * Trains.
     *
     * @param saved saved model to start from, or null
     * @param incumbent the release in force
     * @param budget time after which the first step begins no new epoch
     */
    Candidate run(SnapshotData data, ModelStore.Saved saved, Incumbent incumbent, Duration budget, Listener listener) {
        Interactions train = data.slice().train();
        TrainingData past = new TrainingData(train, data.features(), ofFeatures(data), workers.threads());
        Training.Outcome outcome;
        Measurement measurement;
        Map<String, Matrix> evaluated;
        int found = 0;
        Incumbent.Measured measured = incumbent.measure(data, past, backend, workers);
        Metrics inForce = measured.metrics();
        try (Model model = factory.create(past, settings, backend, seed)) {
            if (saved != null) {
                found = WarmStart.apply(saved, model.parameters(), data.users(), data.items(), past);
            }
            outcome = new Training(model, train, settings, workers, seed)
                    .untilNoBetter(data.slice().valid(), budget, listener);
            measurement = FullRanking.measure(model.embed(), train, data.slice().test(), workers);
            evaluated = ModelStore.values(model.parameters());
        }
        Metrics test = measurement.metrics();
        Difference difference = measured.difference(measurement, seed);
        Metrics popularity = FullRanking.popularity(train, data.slice().test(), workers);
        listener.measured(outcome, test, popularity, inForce);
        String reason = outcome.diverged()
                ? "the loss is not finite in epoch " + outcome.epochs()
                : Gate.refusal(test, inForce, difference, popularity);
        Refit refit = null;
        if (reason == null) {
            refit = refit(data, evaluated, outcome, listener);
            reason = refit == null ? "the loss is not finite" : Gate.acceptance(test, inForce, difference, popularity);
        }
        if (measured.missing() != null) {
            reason += "; " + measured.missing();
        }
        return new Candidate(refit, outcome, test, popularity, inForce, difference, evaluated, found > 0, reason);
    }

    /** The second step; null if its loss or what comes of it is not finite. */
    private Refit refit(
            SnapshotData data, Map<String, Matrix> evaluated, Training.Outcome outcome, Training.Listener listener) {
        TrainingData present = new TrainingData(data.all(), data.features(), data.graphs(), workers.threads());
        try (Model model = factory.create(present, settings, backend, seed + 1)) {
            for (Parameter parameter : model.parameters()) {
                parameter.value().set(evaluated.get(parameter.name()).values());
            }
            int epochs = Math.max(1, (outcome.bestEpoch() + REFIT_SHARE - 1) / REFIT_SHARE);
            boolean finite = new Training(model, data.all(), settings, workers, seed + 1)
                    .epochs(epochs, new Training.Listener() {
                        @Override
                        public void step(int epoch, int step, int steps) {
                            listener.step(epoch, step, steps);
                        }

                        @Override
                        public void epoch(Training.Epoch epoch) {}
                    });
            Embeddings embeddings = model.embed();
            return finite && embeddings.finite()
                    ? new Refit(embeddings, model.inductive(), ModelStore.values(model.parameters()))
                    : null;
        }
    }

    /** Graphs that know of no interaction. */
    private static Map<String, NeighborGraph> ofFeatures(SnapshotData data) {
        Map<String, NeighborGraph> graphs = new HashMap<>(data.graphs());
        graphs.keySet().removeIf(name -> !GraphNames.isItemContent(name) && !GraphNames.isItemDenoised(name));
        return graphs;
    }
}

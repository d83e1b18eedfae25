package dev.freshet.trainer.train;

import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TripleSampler;
import dev.freshet.trainer.evaluation.FullRanking;
import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.store.Safetensors.Matrix;
import dev.freshet.trainer.tensor.Adam;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Workers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Trains a model with early stopping as MMRec does: validation by Recall@20 rounded to four decimals, a strict improvement
 * counts, and the parameters of the best epoch are the result.
 */
public final class Training {

    /** The metric that decides which epoch is best. */
    public static final String METRIC = "recall@20";

    private final Model model;
    private final Interactions train;
    private final Settings settings;
    private final Workers workers;
    private final SplittableRandom random;
    private final List<Double> seconds = new ArrayList<>();
    private Adam adam;
    private int epoch;
    private int stages;
    private int worse;
    private int bestEpoch;
    private Metrics best;
    private List<float[]> bestValues;

    /** What happened in an epoch. */
    public interface Listener {
        /**
         * Called after each step.
         *
         * @param epoch epoch, from 1
         * @param step step in the epoch, from 1
         * @param steps steps per epoch
         */
        default void step(int epoch, int step, int steps) {}

        /** Called after each epoch. */
        void epoch(Epoch epoch);
    }

    /**
     * An epoch.
     *
     * @param number number, from 1
     * @param of epochs that there will be at most, as the settings and the rest of the time look now
     * @param loss mean loss of its steps
     * @param valid metrics on the validation slice, or null where it was not validated after this epoch
     * @param best best value of the deciding metric so far
     * @param seconds time spent on the steps
     */
    public record Epoch(int number, int of, double loss, Metrics valid, double best, double seconds) {}

    /**
     * A finished training. The model has the parameters of the best epoch.
     *
     * @param bestEpoch number of the best epoch; 0 if the parameters are those at the start
     * @param epochs epochs trained
     * @param valid metrics of the best epoch on the validation slice
     * @param secondsPerEpoch median time of an epoch's steps
     * @param diverged whether the loss was not finite, which ended the training
     */
    public record Outcome(int bestEpoch, int epochs, Metrics valid, double secondsPerEpoch, boolean diverged) {}

    /**
     * Where a training stands after an epoch: all that the next one depends on.
     *
     * @param epoch epochs trained
     * @param stages stages of the model that are over
     * @param steps steps of the optimizer in the present stage
     * @param worse validations since the best one
     * @param bestEpoch number of the best epoch
     * @param best its metrics
     * @param seconds time of each epoch's steps
     * @param values values, moments of the optimizer and values of the best epoch, by the name of the parameter
     */
    public record State(
            int epoch,
            int stages,
            long steps,
            int worse,
            int bestEpoch,
            Metrics best,
            List<Double> seconds,
            Map<String, Matrix> values) {}

    private static final String FIRST = "first/";
    private static final String SECOND = "second/";
    private static final String BEST = "best/";

    /**
     * @param train pairs to train on
     * @param seed seed of the order of the batches and of the negatives
     */
    public Training(Model model, Interactions train, Settings settings, Workers workers, long seed) {
        this.model = model;
        this.train = train;
        this.settings = settings;
        this.workers = workers;
        this.random = new SplittableRandom(seed);
        this.adam = new Adam(settings.number(Settings.LEARNING_RATE));
    }

    /** Where {@link #untilNoBetter} stands; to be asked for after an epoch. */
    public State state() {
        Map<String, Matrix> values = new LinkedHashMap<>();
        List<Parameter> parameters = model.parameters();
        for (int p = 0; p < parameters.size(); p++) {
            Parameter parameter = parameters.get(p);
            String name = parameter.name();
            Matrix value = Matrix.of(parameter.value());
            values.put(name, value);
            values.put(FIRST + name, Matrix.of(parameter.first()));
            values.put(SECOND + name, Matrix.of(parameter.second()));
            values.put(BEST + name, new Matrix(value.rows(), value.columns(), bestValues.get(p)));
        }
        return new State(epoch, stages, adam.steps(), worse, bestEpoch, best, List.copyOf(seconds), values);
    }

    /**
     * Goes to where a training of the same model, data, settings and seed stood; {@link #untilNoBetter} then goes on from there, and
     * ends as that one would have.
     */
    public void resume(State state) {
        for (int stage = 0; stage < state.stages; stage++) {
            model.nextStage();
        }
        bestValues = new ArrayList<>();
        for (Parameter parameter : model.parameters()) {
            String name = parameter.name();
            parameter.value().set(state.values.get(name).values());
            parameter.first().set(state.values.get(FIRST + name).values());
            parameter.second().set(state.values.get(SECOND + name).values());
            bestValues.add(state.values.get(BEST + name).values());
        }
        for (int done = 0; done < state.epoch; done++) {
            random.split();
        }
        epoch = state.epoch;
        stages = state.stages;
        adam = new Adam(settings.number(Settings.LEARNING_RATE), state.steps);
        worse = state.worse;
        bestEpoch = state.bestEpoch;
        best = state.best;
        seconds.addAll(state.seconds);
    }

    /**
     * Trains, from where it stands, until the validation metric no longer rises, the epochs are used up, or the time is.
     *
     * @param valid pairs to be found
     * @param budget time after which no new epoch is begun
     */
    public Outcome untilNoBetter(Interactions valid, Duration budget, Listener listener) {
        int epochs = settings.whole(Settings.EPOCHS, 1);
        int patience = settings.whole(Settings.PATIENCE, 0);
        int every = settings.whole(Settings.VALIDATE_EVERY, 1);
        long begun = System.nanoTime();
        long deadline = begun + budget.toNanos();
        int before = epoch;
        if (best == null) {
            best = FullRanking.evaluate(model.embed(), train, valid, workers);
            bestValues = values();
        }
        boolean diverged = false;
        while (epoch < epochs
                && (epoch == before || System.nanoTime() < deadline)
                && (worse <= patience || nextStage())) {
            epoch++;
            long started = System.nanoTime();
            double loss = epoch(epoch, listener);
            seconds.add((System.nanoTime() - started) * 1e-9);
            if (!Double.isFinite(loss)) {
                diverged = true;
                break;
            }
            Metrics metrics = null;
            if (epoch % every == 0 || epoch == epochs) {
                metrics = FullRanking.evaluate(model.embed(), train, valid, workers);
                if (rounded(metrics) > rounded(best) || bestEpoch == 0 && best.users() == 0) {
                    best = metrics;
                    bestEpoch = epoch;
                    bestValues = values();
                    worse = 0;
                } else {
                    worse++;
                }
            }
            int of = Math.min(
                    epochs,
                    epoch + fitting(deadline - System.nanoTime(), (System.nanoTime() - begun) / (epoch - before)));
            listener.epoch(new Epoch(epoch, of, loss, metrics, best.get(METRIC), seconds.get(epoch - 1)));
        }
        restore(bestValues);
        double[] sorted =
                seconds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return new Outcome(bestEpoch, epoch, best, sorted.length == 0 ? 0 : sorted[sorted.length / 2], diverged);
    }

    /** Goes on to the next stage from the best epoch, if the model has one. */
    private boolean nextStage() {
        restore(bestValues);
        if (!model.nextStage()) {
            return false;
        }
        stages++;
        worse = 0;
        adam = new Adam(settings.number(Settings.LEARNING_RATE));
        return true;
    }

    /** Epochs that are begun in the time left, if each takes as long as those before. */
    private static int fitting(long left, long each) {
        return left <= 0 ? 0 : (int) Math.min(Integer.MAX_VALUE / 2, (left - 1) / Math.max(1, each) + 1);
    }

    /**
     * Trains for a number of epochs, without validation.
     *
     * @return whether the loss stayed finite
     */
    public boolean epochs(int count, Listener listener) {
        for (int number = 1; number <= count; number++) {
            long started = System.nanoTime();
            double loss = epoch(number, listener);
            if (!Double.isFinite(loss)) {
                return false;
            }
            listener.epoch(new Epoch(number, count, loss, null, 0, (System.nanoTime() - started) * 1e-9));
        }
        return true;
    }

    private double epoch(int number, Listener listener) {
        // Of its own: an epoch does not depend on how much those before have drawn.
        SplittableRandom own = random.split();
        model.startEpoch(own);
        TripleSampler sampler = new TripleSampler(train);
        int size = settings.whole(Settings.BATCH, 1);
        int steps = sampler.batches(size);
        double sum = 0;
        int step = 0;
        for (Iterator<Batch> batches = sampler.epoch(size, own); batches.hasNext(); ) {
            double loss = model.step(batches.next());
            if (!Double.isFinite(loss)) {
                return loss;
            }
            adam.step(model.parameters());
            sum += loss;
            listener.step(number, ++step, steps);
        }
        return sum / steps;
    }

    private void restore(List<float[]> values) {
        List<Parameter> parameters = model.parameters();
        for (int p = 0; p < parameters.size(); p++) {
            parameters.get(p).value().set(values.get(p));
        }
    }

    private List<float[]> values() {
        return model.parameters().stream()
                .map(parameter -> parameter.value().toFloats())
                .toList();
    }

    private static long rounded(Metrics metrics) {
        return Math.round(metrics.get(METRIC) * 1e4);
    }
}

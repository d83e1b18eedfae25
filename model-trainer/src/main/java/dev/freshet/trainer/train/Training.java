package dev.freshet.trainer.train;

import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TripleSampler;
import dev.freshet.trainer.evaluation.FullRanking;
import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.tensor.Adam;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Workers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
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
    private final long seed;

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
     * @param train pairs to train on
     * @param seed seed of the order of the batches and of the negatives
     */
    public Training(Model model, Interactions train, Settings settings, Workers workers, long seed) {
        this.model = model;
        this.train = train;
        this.settings = settings;
        this.workers = workers;
        this.seed = seed;
    }

    /**
     * Trains until the validation metric no longer rises, the epochs are used up, or the time is.
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
        Adam adam = new Adam(settings.number(Settings.LEARNING_RATE));
        SplittableRandom random = new SplittableRandom(seed);
        List<Double> seconds = new ArrayList<>();
        Metrics best = FullRanking.evaluate(model.embed(), train, valid, workers);
        List<float[]> bestValues = values();
        int bestEpoch = 0;
        int worse = 0;
        int epoch = 0;
        boolean diverged = false;
        while (epoch < epochs && worse <= patience && (epoch == 0 || System.nanoTime() < deadline)) {
            epoch++;
            long started = System.nanoTime();
            double loss = epoch(adam, random, epoch, listener);
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
                    epochs, epoch + fitting(deadline - System.nanoTime(), (System.nanoTime() - begun) / epoch));
            listener.epoch(new Epoch(epoch, of, loss, metrics, best.get(METRIC), seconds.get(epoch - 1)));
            if (worse > patience) {
                restore(bestValues);
                if (model.nextStage()) {
                    worse = 0;
                    adam = new Adam(settings.number(Settings.LEARNING_RATE));
                }
            }
        }
        restore(bestValues);
        seconds.sort(Double::compare);
        return new Outcome(bestEpoch, epoch, best, seconds.isEmpty() ? 0 : seconds.get(seconds.size() / 2), diverged);
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
        Adam adam = new Adam(settings.number(Settings.LEARNING_RATE));
        SplittableRandom random = new SplittableRandom(seed);
        for (int epoch = 1; epoch <= count; epoch++) {
            long started = System.nanoTime();
            double loss = epoch(adam, random, epoch, listener);
            if (!Double.isFinite(loss)) {
                return false;
            }
            listener.epoch(new Epoch(epoch, count, loss, null, 0, (System.nanoTime() - started) * 1e-9));
        }
        return true;
    }

    private double epoch(Adam adam, SplittableRandom random, int epoch, Listener listener) {
        model.startEpoch(random);
        TripleSampler sampler = new TripleSampler(train);
        int size = settings.whole(Settings.BATCH, 1);
        int steps = sampler.batches(size);
        double sum = 0;
        int step = 0;
        for (Iterator<Batch> batches = sampler.epoch(size, random); batches.hasNext(); ) {
            double loss = model.step(batches.next());
            if (!Double.isFinite(loss)) {
                return loss;
            }
            adam.step(model.parameters());
            sum += loss;
            listener.step(epoch, ++step, steps);
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

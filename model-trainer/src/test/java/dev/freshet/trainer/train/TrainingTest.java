package dev.freshet.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.model.Embeddings;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Workers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainingTest {

    private static final Duration LONG = Duration.ofHours(1);

    /** One user, one training item, 51 candidates; the target is found exactly while the parameter is in some epochs. */
    private static final class Scripted implements Model {
        private final Parameter parameter;
        private final double[] losses;
        private final boolean[] finds;
        private int epoch;

        Scripted(Backend backend, double[] losses, boolean[] finds) {
            this.parameter = Parameter.of("p", Parameter.Rows.SHARED, backend, 1, 1, new float[] {0});
            this.losses = losses;
            this.finds = finds;
        }

        @Override
        public List<Parameter> parameters() {
            return List.of(parameter);
        }

        @Override
        public double step(Batch batch) {
            epoch++;
            parameter.value().set(new float[] {epoch});
            return losses[epoch - 1];
        }

        @Override
        public Embeddings embed() {
            float[] items = new float[52];
            items[1] = epoch > 0 && finds[epoch - 1] ? 1 : -1;
            return Embeddings.of(1, new float[] {1}, items);
        }

        @Override
        public void close() {
            parameter.close();
        }
    }

    private static final Interactions TRAIN = Interactions.of(new int[] {0}, new int[] {0}, 1, 52);
    private static final Interactions VALID = Interactions.of(new int[] {0}, new int[] {1}, 1, 52);

    private static Training.Outcome train(double[] losses, boolean[] finds, int patience, List<Integer> seen) {
        Settings settings = Settings.of(
                Settings.LEARNING_RATE, "0.1",
                Settings.BATCH, "4",
                Settings.EPOCHS, Integer.toString(losses.length),
                Settings.PATIENCE, Integer.toString(patience),
                Settings.VALIDATE_EVERY, "1");
        try (Backend backend = new HostBackend(1);
                Workers workers = new Workers(1);
                Scripted model = new Scripted(backend, losses, finds)) {
            Training.Outcome outcome = new Training(model, TRAIN, settings, workers, 1)
                    .untilNoBetter(VALID, LONG, epoch -> seen.add(epoch.number()));
            assertThat(model.parameter.value().toFloats()[0]).isEqualTo(outcome.bestEpoch());
            return outcome;
        }
    }

    @Test
    void tiesAreNoImprovementAndTheBestEpochIsKept() {
        List<Integer> seen = new ArrayList<>();
        Training.Outcome outcome =
                train(new double[20], new boolean[] {false, true, true, false, true, true, true}, 2, seen);
        assertThat(outcome.bestEpoch()).isEqualTo(2);
        // Stops at the third epoch in a row that is no better.
        assertThat(outcome.epochs()).isEqualTo(5);
        assertThat(seen).containsExactly(1, 2, 3, 4, 5);
        assertThat(outcome.valid().get("recall@20")).isEqualTo(1);
        assertThat(outcome.diverged()).isFalse();
    }

    @Test
    void aLossThatIsNotFiniteEndsTheTraining() {
        Training.Outcome outcome = train(
                new double[] {1, 1, Double.NaN, 1}, new boolean[] {true, false, false, false}, 9, new ArrayList<>());
        assertThat(outcome.diverged()).isTrue();
        assertThat(outcome.epochs()).isEqualTo(3);
        assertThat(outcome.bestEpoch()).isEqualTo(1);
    }

    @Test
    void whereNobodyCanBeMeasuredTheModelIsTrainedNonetheless() {
        Settings settings = Settings.of(
                Settings.LEARNING_RATE, "0.1",
                Settings.BATCH, "4",
                Settings.EPOCHS, "5",
                Settings.PATIENCE, "1",
                Settings.VALIDATE_EVERY, "1");
        // The one user with a held-out item has nothing to be trained on.
        Interactions train = Interactions.of(new int[] {0}, new int[] {0}, 2, 52);
        Interactions valid = Interactions.of(new int[] {1}, new int[] {1}, 2, 52);
        try (Backend backend = new HostBackend(1);
                Workers workers = new Workers(1);
                Scripted model = new Scripted(backend, new double[5], new boolean[5])) {
            Training.Outcome outcome =
                    new Training(model, train, settings, workers, 1).untilNoBetter(valid, LONG, epoch -> {});
            assertThat(outcome.valid().users()).isZero();
            assertThat(outcome.bestEpoch()).isEqualTo(1);
        }
    }

    @Test
    void timeIsKept() {
        Settings settings = Settings.of(
                Settings.LEARNING_RATE, "0.1",
                Settings.BATCH, "4",
                Settings.EPOCHS, "50",
                Settings.PATIENCE, "50",
                Settings.VALIDATE_EVERY, "1");
        try (Backend backend = new HostBackend(1);
                Workers workers = new Workers(1);
                Scripted model = new Scripted(backend, new double[50], new boolean[50])) {
            assertThat(new Training(model, TRAIN, settings, workers, 1)
                            .untilNoBetter(VALID, Duration.ZERO, epoch -> {})
                            .epochs())
                    .isEqualTo(1);
        }
    }
}

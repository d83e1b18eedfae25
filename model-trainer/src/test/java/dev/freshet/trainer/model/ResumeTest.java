package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A training that was stopped after any epoch ends as one that was not. */
class ResumeTest {

    private static final int EPOCHS = 4;
    private static final TrainingData DATA = PlantedData.of(30, 20, 0, 6, 5);

    /** The last bit of torch's matrix products depends on where the operands lie in memory. */
    private static final Offset<Float> ROUNDING = Offset.offset(1e-5f);

    /** What nobody had: whom it is good for changes from epoch to epoch. */
    private static final Interactions VALID = valid();

    private static Interactions valid() {
        List<int[]> pairs = new ArrayList<>();
        for (int user = 0; user < DATA.users(); user++) {
            for (int item = user % 5; item < DATA.items(); item += 5) {
                if (!DATA.train().contains(user, item)) {
                    pairs.add(new int[] {user, item});
                }
            }
        }
        return Interactions.of(
                pairs.stream().mapToInt(pair -> pair[0]).toArray(),
                pairs.stream().mapToInt(pair -> pair[1]).toArray(),
                DATA.users(),
                DATA.items());
    }

    @ParameterizedTest
    @CsvSource({
        "lightgcn, paper, 20",
        "spumr, paper, 20",
        "freedom, paper, 20",
        "da-mrs, paper, 20",
        "bm3, paper, 20",
        "mcdrec, paper-freedom, 20",
        // Goes on to its second stage as soon as it is no better.
        "margo, paper, 0",
    })
    void endsAsIfItHadNotBeenStopped(String name, String preset, int patience) {
        ModelFactory factory = Models.of(name);
        Settings settings = Models.preset(factory, preset)
                .with("dimension", "4", Settings.BATCH, "64", Settings.LEARNING_RATE, "0.01")
                .with(Settings.EPOCHS, Integer.toString(EPOCHS), Settings.PATIENCE, Integer.toString(patience));
        List<Training.State> states = new ArrayList<>();
        Map<String, float[]> expected = train(factory, settings, null, states);
        assertThat(states.size()).isBetween(2, EPOCHS);
        assertThat(states.get(states.size() - 1).stages()).isEqualTo(patience == 0 ? 1 : 0);
        for (int stop = 0; stop < states.size(); stop++) {
            List<Training.State> later = new ArrayList<>();
            Map<String, float[]> values = train(factory, settings, states.get(stop), later);
            assertThat(later).hasSize(states.size() - stop - 1);
            expected.forEach((parameter, all) ->
                    assertThat(values.get(parameter)).as(parameter).containsExactly(all, ROUNDING));
            for (int epoch = 0; epoch < later.size(); epoch++) {
                Training.State state = later.get(epoch);
                Training.State first = states.get(stop + 1 + epoch);
                assertThat(state.best()).isEqualTo(first.best());
                assertThat(state.stages()).isEqualTo(first.stages());
                first.values().forEach((parameter, matrix) -> assertThat(
                                state.values().get(parameter).values())
                        .as(parameter)
                        .containsExactly(matrix.values(), ROUNDING));
            }
        }
    }

    private static Map<String, float[]> train(
            ModelFactory factory, Settings settings, Training.State from, List<Training.State> states) {
        try (Workers workers = new Workers(1);
                Backend backend = new HostBackend(1);
                Model model = factory.create(DATA, settings, backend, 1)) {
            Training training = new Training(model, DATA.train(), settings, workers, 1);
            if (from != null) {
                training.resume(from);
            }
            training.untilNoBetter(VALID, Duration.ofHours(1), epoch -> states.add(training.state()));
            Map<String, float[]> values = new TreeMap<>();
            for (Parameter parameter : model.parameters()) {
                values.put(parameter.name(), parameter.value().toFloats());
            }
            return values;
        }
    }
}

package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.IdIndex;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Models;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.store.Safetensors.Matrix;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every model starts from a saved one of fewer nodes; its tables' rows of new ones come from their neighbors. */
class WarmStartTest {

    /** The new user shares an item with {@code b} alone; the new item shares a user with {@code y} alone. */
    private static final IdIndex USERS = IdIndex.of(List.of("a", "b", "new"));

    private static final IdIndex ITEMS = IdIndex.of(List.of("new", "x", "y", "z"));
    private static final TrainingData DATA = data(
            Interactions.of(new int[] {0, 0, 1, 2, 2}, new int[] {1, 3, 2, 2, 0}, 3, 4), 1, .1f, 1, 0, 0, 1, .5f, .5f);

    private static final IdIndex SAVED_USERS = IdIndex.of(List.of("a", "b"));
    private static final IdIndex SAVED_ITEMS = IdIndex.of(List.of("x", "y", "z"));
    private static final Interactions SEEN = Interactions.of(new int[] {0, 0, 1}, new int[] {0, 2, 1}, 2, 3);
    private static final TrainingData BEFORE = data(SEEN, 1, 0, 0, 1, .5f, .5f);

    private static TrainingData data(Interactions train, float... image) {
        return new TrainingData(train, Map.of("image", Features.of(2, image)), Map.of(), 1);
    }

    static Set<String> models() {
        return Models.names();
    }

    @ParameterizedTest
    @MethodSource("models")
    void newRowsAreThoseOfTheNeighbors(String name) {
        ModelFactory factory = Models.of(name);
        Settings settings = Models.preset(factory, factory.livePreset()).with("dimension", "4");
        try (Backend backend = new HostBackend(1);
                Model before = factory.create(BEFORE, settings, backend, 1);
                Model model = factory.create(DATA, settings, backend, 2)) {
            before.parameters().forEach(WarmStartTest::number);
            Map<String, Matrix> values = ModelStore.values(before.parameters());
            ModelStore.Saved saved = new ModelStore.Saved("v1", SAVED_USERS, SAVED_ITEMS, values, SEEN);

            assertThat(WarmStart.apply(saved, model.parameters(), USERS, ITEMS, DATA))
                    .isEqualTo(model.parameters().size());

            for (Parameter parameter : model.parameters()) {
                Matrix old = values.get(parameter.name());
                switch (parameter.rows()) {
                    case NODES -> assertRows(parameter, old, 0, 1, 1, 3, 2, 3, 4);
                    case USERS -> assertRows(parameter, old, 0, 1, 1);
                    case ITEMS -> assertRows(parameter, old, 1, 0, 1, 2);
                    case CORRECTIONS -> {
                        assertRows(parameter, old, -1, 0, 1, 2);
                        assertThat(row(parameter.value().toFloats(), 0, 2)).containsExactly(0, 0);
                    }
                    case SHARED -> assertThat(parameter.value().toFloats()).containsExactly(old.values());
                }
            }
        }
    }

    /** An item without interactions, z, gets another picture after the model was saved. */
    @Test
    void featuresAreThoseOfNow() {
        Interactions train = Interactions.of(new int[] {0, 1}, new int[] {0, 1}, 2, 3);
        TrainingData then = data(train, 1, 0, 0, 1, .5f, .5f);
        TrainingData now = data(train, 1, 0, 0, 1, -1, .5f);
        ModelFactory factory = Models.of("bm3");
        Settings settings = Models.preset(factory, factory.livePreset()).with("dimension", "4");
        try (Backend backend = new HostBackend(1);
                Model before = factory.create(then, settings, backend, 1);
                Model same = factory.create(now, settings, backend, 1);
                Model after = factory.create(now, settings, backend, 2)) {
            ModelStore.Saved saved =
                    new ModelStore.Saved("v1", SAVED_USERS, SAVED_ITEMS, ModelStore.values(before.parameters()), train);
            WarmStart.apply(saved, after.parameters(), SAVED_USERS, SAVED_ITEMS, now);

            assertThat(after.embed().items()).containsExactly(same.embed().items());
            assertThat(after.embed().items()).isNotEqualTo(before.embed().items());
        }
    }

    /** Another value in every place. */
    private static void number(Parameter parameter) {
        float[] values = parameter.value().toFloats();
        for (int at = 0; at < values.length; at++) {
            values[at] = at + 1;
        }
        parameter.value().set(values);
    }

    /** Row by row, which of the saved ones it is; -1 for none. */
    private static void assertRows(Parameter parameter, Matrix saved, int... from) {
        int columns = saved.columns();
        float[] values = parameter.value().toFloats();
        assertThat(parameter.value().rows()).isEqualTo(from.length);
        for (int row = 0; row < from.length; row++) {
            if (from[row] >= 0) {
                assertThat(row(values, row, columns))
                        .as("%s, row %d", parameter.name(), row)
                        .containsExactly(row(saved.values(), from[row], columns));
            }
        }
    }

    private static float[] row(float[] values, int row, int columns) {
        return Arrays.copyOfRange(values, row * columns, (row + 1) * columns);
    }
}

package dev.freshet.trainer.model;

import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A factory of a model whose default is the preset {@code paper}.
 *
 * @param name name, as releases carry it
 * @param presets settings by the name of the preset
 * @param maker makes the model
 */
record NamedFactory(String name, Map<String, Settings> presets, Maker maker) implements ModelFactory {

    /** Name of the preset with the settings of the paper's authors, for Amazon Baby where they differ between data sets. */
    static final String PAPER = "paper";

    /** Makes a model with fresh parameters. */
    interface Maker {
        Model create(TrainingData data, Settings settings, Backend backend, long seed);
    }

    /** The settings of MMRec's protocol, and a model's own ones. */
    static Settings protocol(String... namesAndValues) {
        String[] common = {
            Settings.LEARNING_RATE,
            "0.001",
            Settings.BATCH,
            "2048",
            Settings.EPOCHS,
            "1000",
            Settings.PATIENCE,
            "20",
            Settings.VALIDATE_EVERY,
            "1",
            "dimension",
            "64"
        };
        return Settings.of(Stream.of(common, namesAndValues).flatMap(Stream::of).toArray(String[]::new));
    }

    @Override
    public String defaultPreset() {
        return PAPER;
    }

    @Override
    public Model create(TrainingData data, Settings settings, Backend backend, long seed) {
        return maker.create(data, settings, backend, seed);
    }
}

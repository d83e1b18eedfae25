package dev.freshet.trainer.model;

import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A model by name: its presets, and how to make one.
 *
 * @param name name, as releases carry it
 * @param presets settings by the name of the preset
 * @param defaultPreset name of the preset for evaluation on a data set, where none is named
 * @param maker makes the model
 */
public record ModelFactory(String name, Map<String, Settings> presets, String defaultPreset, Maker maker) {

    /** Name of the preset for the live loop, whose time is short. */
    public static final String LIVE = "live";

    /** Name of the preset with the settings of the paper's authors, for Amazon Baby where they differ between data sets. */
    static final String PAPER = "paper";

    /** Makes a model with fresh parameters. */
    public interface Maker {
        Model create(TrainingData data, Settings settings, Backend backend, long seed);
    }

    /** The default is the preset {@code paper}. */
    ModelFactory(String name, Map<String, Settings> presets, Maker maker) {
        this(name, presets, PAPER, maker);
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

    /** Name of the preset for the live loop, where none is named: not every model has one of its own. */
    public String livePreset() {
        return presets.containsKey(LIVE) ? LIVE : defaultPreset;
    }

    /**
     * A model with fresh parameters.
     *
     * @throws IllegalArgumentException if a setting is wrong or the data lacks something, in one line
     */
    public Model create(TrainingData data, Settings settings, Backend backend, long seed) {
        return maker.create(data, settings, backend, seed);
    }
}

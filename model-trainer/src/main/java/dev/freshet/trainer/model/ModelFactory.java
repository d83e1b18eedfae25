package dev.freshet.trainer.model;

import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import java.util.Map;

/** A model by name: its presets, and how to make one. */
public interface ModelFactory {

    /** Name, as releases carry it. */
    String name();

    /** Settings by the name of the preset. */
    Map<String, Settings> presets();

    /** Name of the preset for the live loop, whose time is short. */
    String LIVE = "live";

    /** Name of the preset for evaluation on a data set, where none is named. */
    String defaultPreset();

    /** Name of the preset for the live loop, where none is named: not every model has one of its own. */
    default String livePreset() {
        return presets().containsKey(LIVE) ? LIVE : defaultPreset();
    }

    /**
     * A model with fresh parameters.
     *
     * @throws IllegalArgumentException if a setting is wrong or the data lacks something, in one line
     */
    Model create(TrainingData data, Settings settings, Backend backend, long seed);
}

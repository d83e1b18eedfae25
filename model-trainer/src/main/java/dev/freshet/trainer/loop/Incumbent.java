package dev.freshet.trainer.loop;

import dev.freshet.schema.ModelRelease;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.evaluation.FullRanking;
import dev.freshet.trainer.evaluation.Measurement;
import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Models;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Workers;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The release in force, of whatever model, which a new one must not be worse than.
 *
 * @param release the release, or null where there is none yet
 * @param saved its saved model, or null
 * @param lost why there is no saved model of the release, or null
 */
record Incumbent(ModelRelease release, ModelStore.Saved saved, String lost) {

    private static final Logger LOG = LoggerFactory.getLogger(Incumbent.class);

    /**
     * What was measured.
     *
     * @param on what it reaches on the held-out slice, or null
     * @param missing why that is not known although there is a release, or null
     */
    record Measured(Measurement on, String missing) {

        /** The metrics, or null. */
        Metrics metrics() {
            return on == null ? null : on.metrics();
        }

        /** How much better a model is that was measured on the same slice, or null. */
        Difference difference(Measurement model, long seed) {
            return on == null ? null : Difference.of(model.recalls(), on.recalls(), seed);
        }
    }

    /** Measures it on the held-out slice, with the model and the settings that it was released with. */
    Measured measure(SnapshotData data, TrainingData past, Backend backend, Workers workers) {
        if (saved == null) {
            return new Measured(null, lost == null ? null : missing(lost));
        }
        try {
            ModelFactory factory = Models.of(release.getModel());
            try (Model model = factory.create(past, settings(factory), backend, release.getSeed())) {
                int found = WarmStart.apply(saved, model.parameters(), data.users(), data.items(), past);
                if (found < model.parameters().size()) {
                    return new Measured(
                            null,
                            missing(found + " of its " + model.parameters().size()
                                    + " parameters fit the snapshot; its features have changed"));
                }
                return new Measured(
                        FullRanking.measure(
                                model.embed(), past.train(), data.slice().test(), workers),
                        null);
            }
        } catch (RuntimeException e) {
            // What is in force must not stand in the way of what could take its place.
            LOG.warn("{} cannot be measured", release.getVersion(), e);
            return new Measured(null, missing(String.valueOf(e.getMessage())));
        }
    }

    private Settings settings(ModelFactory factory) {
        Settings preset = Models.preset(factory, factory.livePreset());
        Map<String, String> released = new HashMap<>(release.getConfiguration());
        released.keySet().retainAll(preset.asMap().keySet());
        return preset.with(released);
    }

    private String missing(String why) {
        return "not measured against release " + release.getVersion() + ": " + why;
    }
}

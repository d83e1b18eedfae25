package dev.freshet.trainer.model;

import dev.freshet.topic.ModelNames;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** All models by name. */
public final class Models {

    private static final Map<String, ModelFactory> ALL = new TreeMap<>();

    static {
        for (ModelFactory factory : new ModelFactory[] {
            LightGcn.FACTORY,
            Spumr.FACTORY,
            MfBpr.FACTORY,
            Vbpr.FACTORY,
            Freedom.FACTORY,
            DaMrs.FACTORY,
            Bm3.FACTORY,
            Dragon.FACTORY,
            Margo.FACTORY,
            McdRec.FACTORY
        }) {
            ALL.put(factory.name(), factory);
        }
    }

    private Models() {}

    /**
     * A model by name.
     *
     * @throws IllegalArgumentException if there is none, with the names that there are
     */
    public static ModelFactory of(String name) {
        ModelNames.require(name);
        return ALL.get(name);
    }

    /** Names of all models, in order. */
    public static Set<String> names() {
        return Collections.unmodifiableSet(ALL.keySet());
    }

    /**
     * A preset of a model.
     *
     * @throws IllegalArgumentException if there is none, with the names that there are
     */
    public static Settings preset(ModelFactory factory, String preset) {
        Settings settings = factory.presets().get(preset);
        if (settings == null) {
            throw new IllegalArgumentException("no preset " + preset + " of " + factory.name() + "; the presets are "
                    + String.join(", ", factory.presets().keySet()));
        }
        return settings;
    }
}

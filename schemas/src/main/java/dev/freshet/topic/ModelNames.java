package dev.freshet.topic;

import java.util.List;

/** Names of the models that the trainer knows, for processes that do not load its classes. */
public final class ModelNames {

    /** All of them, in order. */
    public static final List<String> ALL =
            List.of("bm3", "da-mrs", "dragon", "freedom", "lightgcn", "margo", "mcdrec", "mf-bpr", "spumr", "vbpr");

    private ModelNames() {}

    /**
     * Checks a name.
     *
     * @throws IllegalArgumentException if there is no such model, with those that there are
     */
    public static void require(String name) {
        if (!ALL.contains(name)) {
            throw new IllegalArgumentException("no model " + name + "; the models are " + String.join(", ", ALL));
        }
    }

    /** Checks every name in a split. */
    public static void require(Split split) {
        split.arms().forEach(arm -> require(arm.name()));
    }
}

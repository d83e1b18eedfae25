package dev.freshet.trainer;

import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Models;
import dev.freshet.trainer.model.Settings;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Option;

/** Options that name a model and how to train it. */
public final class ModelOptions {

    private static final String DEFAULT = "spumr";

    @Option(
            names = "--model",
            paramLabel = "NAME",
            defaultValue = DEFAULT,
            description =
                    "bm3, da-mrs, dragon, freedom, lightgcn, margo, mcdrec, mf-bpr, spumr or vbpr (default: ${DEFAULT-VALUE}).")
    private String model;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description = "Settings to start from: paper, or another one of the model (default: the model's own).")
    private String preset;

    @Option(
            names = "--set",
            paramLabel = "NAME=VALUE",
            description = "Change a setting of the preset; may be given more than once.")
    private Map<String, String> changes = new TreeMap<>();

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "999",
            description = "Seed of everything random (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--threads", paramLabel = "N", description = "Threads (default: one per processor).")
    private Integer threads;

    /** Whether a model, a preset or a setting was asked for. */
    public boolean namesModel() {
        return !model.equals(DEFAULT) || preset != null || !changes.isEmpty();
    }

    public ModelFactory factory() {
        return Models.of(model);
    }

    /**
     * The settings.
     *
     * @param otherwise preset where none was named
     */
    public Settings settings(String otherwise) {
        return Models.preset(factory(), preset(otherwise)).with(changes);
    }

    /** Name of the preset, or {@code otherwise} where none was named. */
    public String preset(String otherwise) {
        return preset == null ? otherwise : preset;
    }

    public long seed() {
        return seed;
    }

    public int threads() {
        int count = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (count < 1) {
            throw new IllegalArgumentException("--threads is " + count + "; it must be at least 1");
        }
        return count;
    }
}

package dev.freshet.trainer.model;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/** The settings of a model and its training, by name. Every name is known beforehand: a preset has all of them. Immutable. */
public final class Settings {

    /** Step size of Adam. */
    public static final String LEARNING_RATE = "learning-rate";
    /** Triples per step. */
    public static final String BATCH = "batch";
    /** Epochs at most. */
    public static final String EPOCHS = "epochs";
    /** Evaluations without improvement on the validation slice after which training stops. */
    public static final String PATIENCE = "patience";
    /** Epochs from one validation to the next. */
    public static final String VALIDATE_EVERY = "validate-every";

    private final Map<String, String> values;

    private Settings(Map<String, String> values) {
        this.values = Collections.unmodifiableMap(new TreeMap<>(values));
    }

    /** Settings from alternating names and values. */
    public static Settings of(String... namesAndValues) {
        Map<String, String> values = new TreeMap<>();
        for (int at = 0; at < namesAndValues.length; at += 2) {
            values.put(namesAndValues[at], namesAndValues[at + 1]);
        }
        return new Settings(values);
    }

    /**
     * These settings with others in the place of some.
     *
     * @throws IllegalArgumentException if a name is unknown, with those that are known
     */
    public Settings with(Map<String, String> changes) {
        Map<String, String> changed = new TreeMap<>(values);
        changes.forEach((name, value) -> {
            if (changed.replace(name, value) == null) {
                throw new IllegalArgumentException(
                        "no setting " + name + "; the settings are " + String.join(", ", values.keySet()));
            }
        });
        return new Settings(changed);
    }

    /** These settings and others, of names that these do not have. */
    Settings plus(Settings others) {
        Map<String, String> all = new TreeMap<>(values);
        all.putAll(others.values);
        return new Settings(all);
    }

    /** These settings with others, from alternating names and values. */
    public Settings with(String... namesAndValues) {
        return with(of(namesAndValues).values);
    }

    /** All settings by name. */
    public Map<String, String> asMap() {
        return values;
    }

    /** A setting as text. */
    public String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no setting " + name);
        }
        return value;
    }

    /** A setting that must be one of some words. */
    public String oneOf(String name, String... words) {
        String value = text(name);
        for (String word : words) {
            if (word.equals(value)) {
                return value;
            }
        }
        throw new IllegalArgumentException(
                "setting " + name + " is " + value + "; it must be one of " + String.join(", ", words));
    }

    /** A setting that is true or false. */
    public boolean flag(String name) {
        return oneOf(name, "true", "false").equals("true");
    }

    /** A setting that is a whole number, at least {@code least}. */
    public int whole(String name, int least) {
        try {
            int value = Integer.parseInt(text(name));
            if (value >= least) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Reported below, as numbers out of range are.
        }
        throw new IllegalArgumentException(
                "setting " + name + " is " + text(name) + "; it must be a whole number from " + least + " up");
    }

    /** A setting that is a number, at least 0. */
    public double number(String name) {
        return number(name, 0, Double.MAX_VALUE);
    }

    /** A setting that is a number in a range. */
    public double number(String name, double least, double most) {
        try {
            double value = Double.parseDouble(text(name));
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Reported below, as numbers out of range are.
        }
        throw new IllegalArgumentException("setting " + name + " is " + text(name) + "; it must be a number from "
                + least + (most == Double.MAX_VALUE ? " up" : " to " + most));
    }

    @Override
    public String toString() {
        return values.toString();
    }
}

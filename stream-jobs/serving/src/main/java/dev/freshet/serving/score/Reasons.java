package dev.freshet.serving.score;

import dev.freshet.schema.Reason;
import java.util.Map;

/** Makes reasons. */
final class Reasons {

    private Reasons() {}

    /** A reason that says nothing of modalities. */
    static Reason of(String kind, String item, double weight) {
        return new Reason(kind, item, weight, Map.of(), null);
    }
}

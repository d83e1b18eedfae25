package dev.freshet.dataset;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.topic.Intake;
import java.util.Map;

/** The rules of {@link Intake}, asked before a record is sent: what the loop would refuse is a bad row here. */
final class Rules {

    private Rules() {}

    /** What is wrong with an item, or null. */
    static String defect(Item item) {
        try {
            Intake.check(item, Map.of());
            return null;
        } catch (BadRecordException e) {
            return e.getMessage();
        }
    }

    /** What is wrong with an interaction that is sent at {@code now}, or null. */
    static String defect(Interaction interaction, long now) {
        try {
            Intake.check(interaction, now);
            return null;
        } catch (BadRecordException e) {
            return e.getMessage();
        }
    }
}

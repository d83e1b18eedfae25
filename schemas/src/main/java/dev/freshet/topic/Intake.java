package dev.freshet.topic;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.NodeKind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a record from outside must satisfy, beyond its schema: one set of rules for every reader of a topic, so that no two
 * of them disagree on which events count.
 */
public final class Intake {

    /** How far an event time may lie ahead of the broker's append time. */
    public static final Duration MAX_AHEAD = Duration.ofDays(1);

    /** Longest id, in characters. */
    public static final int MAX_ID_LENGTH = 512;

    /** Longest name of an action, in characters. */
    public static final int MAX_ACTION_LENGTH = 64;

    /** Most modalities, each of which is a graph of all items and one of all users. */
    static final int MAX_MODALITIES = 16;

    /** Longest vector. */
    static final int MAX_DIMENSION = 1 << 14;

    /** Characters of a key, an id or a name that a reason shows: enough for any that keeps the rules. */
    private static final int MAX_SHOWN = 600;

    /** A modality is part of a graph's name, hence of keys and of file names. */
    private static final Pattern MODALITY = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    /** The action that says that the user does not want the item. */
    public static final String DISLIKE = "dislike";

    private static final Set<String> REMOVALS = Set.of("remove", "cancel", DISLIKE);

    private Intake() {}

    /** Whether the interaction takes its (user, item) pair back; a dislike does, too: it is no interaction that counts. */
    public static boolean isRemoval(Interaction interaction) {
        return REMOVALS.contains(interaction.getAction());
    }

    /** Whether an action says that the user does not want the item. */
    public static boolean isDislike(String action) {
        return action.equals(DISLIKE);
    }

    /**
     * Checks a record of the topic interactions.
     *
     * @param key the record's key: the user, so that all of a user's events are in one partition
     * @param appended the broker's append time of the record, milliseconds since 1970
     * @throws BadRecordException with the rule that it breaks
     */
    public static void check(byte[] key, Interaction interaction, long appended) throws BadRecordException {
        check(interaction, appended);
        checkKey(key, interaction.getUser(), "Interaction", "key every interaction by its user, in UTF-8");
    }

    /**
     * Checks an interaction.
     *
     * @param appended the broker's append time of the record, milliseconds since 1970
     * @throws BadRecordException with the rule that it breaks
     */
    public static void check(Interaction interaction, long appended) throws BadRecordException {
        checkId("user", interaction.getUser());
        checkId("item", interaction.getItem());
        if (interaction.getAction().isBlank()) {
            throw new BadRecordException("Interaction: action is empty; name what happened, such as click or remove");
        }
        if (interaction.getAction().length() > MAX_ACTION_LENGTH) {
            throw new BadRecordException("Interaction: action has "
                    + interaction.getAction().length() + " characters; at most " + MAX_ACTION_LENGTH
                    + " are allowed: name the kind of what happened, such as click");
        }
        if (!(interaction.getWeight() >= 0) || Double.isInfinite(interaction.getWeight())) {
            throw new BadRecordException(
                    "Interaction: weight is " + interaction.getWeight() + "; it must be finite and not negative");
        }
        Instant latest = Instant.ofEpochMilli(appended).plus(MAX_AHEAD);
        if (interaction.getEventTime().isAfter(latest)) {
            throw new BadRecordException("Interaction: event time " + interaction.getEventTime()
                    + " lies more than a day ahead of the broker's clock (" + Instant.ofEpochMilli(appended)
                    + "); send milliseconds since 1970 UTC");
        }
    }

    /**
     * Checks a record of the topic items.
     *
     * @param key the record's key: the item, so that a later record replaces it and a tombstone withdraws it
     * @param dimensions the length of each modality's vectors as declared so far; modalities that are missing may have any
     * @throws BadRecordException with the rule that it breaks
     */
    public static void check(byte[] key, Item item, Map<String, Integer> dimensions) throws BadRecordException {
        check(item, dimensions);
        checkKey(key, item.getItem(), "Item", "key every item by its id, in UTF-8");
    }

    /**
     * Checks an item.
     *
     * @param dimensions the length of each modality's vectors as declared so far; modalities that are missing may have any
     * @throws BadRecordException with the rule that it breaks
     */
    public static void check(Item item, Map<String, Integer> dimensions) throws BadRecordException {
        checkId("item", item.getItem());
        int modalities = dimensions.size();
        for (Map.Entry<String, List<Float>> feature : item.getFeatures().entrySet()) {
            String modality = feature.getKey();
            List<Float> vector = feature.getValue();
            if (!MODALITY.matcher(modality).matches()) {
                throw new BadRecordException("Item: the modality '" + shortened(modality)
                        + "' is no name; it must be 1 to 64 letters, digits, '.', '_' or '-', such as image");
            }
            if (vector.isEmpty()) {
                throw new BadRecordException("Item: " + modality + " vector is empty; leave the modality out instead");
            }
            if (vector.size() > MAX_DIMENSION) {
                throw new BadRecordException("Item: " + modality + " vector has " + vector.size() + " values; at most "
                        + MAX_DIMENSION + " are allowed");
            }
            Integer dimension = dimensions.get(modality);
            if (dimension == null && ++modalities > MAX_MODALITIES) {
                throw new BadRecordException("Item: " + modality + " would be one modality more than " + MAX_MODALITIES
                        + ", the most that are allowed; each is a graph of all items");
            }
            if (dimension != null && dimension != vector.size()) {
                throw new BadRecordException("Item: " + modality + " vector has " + vector.size()
                        + " values, but the modality was declared with " + dimension);
            }
            for (int d = 0; d < vector.size(); d++) {
                if (!Float.isFinite(vector.get(d))) {
                    throw new BadRecordException("Item: " + modality + " vector has " + vector.get(d) + " at position "
                            + d + "; it must be finite");
                }
            }
        }
    }

    /**
     * Checks an erasure. Its key may be any: what someone asked to have forgotten is.
     *
     * @param appended the broker's append time of the record, milliseconds since 1970
     * @throws BadRecordException with the rule that it breaks
     */
    public static void check(Erasure erasure, long appended) throws BadRecordException {
        checkId(erasure.getKind() == NodeKind.USER ? "user" : "item", erasure.getId());
        Instant latest = Instant.ofEpochMilli(appended).plus(MAX_AHEAD);
        if (erasure.getRequestedAt().isAfter(latest)) {
            throw new BadRecordException("Erasure: requested at " + erasure.getRequestedAt()
                    + ", more than a day ahead of the broker's clock (" + Instant.ofEpochMilli(appended)
                    + "); what has not happened yet cannot be forgotten");
        }
    }

    /** A key, an id or a name for a reason: a record that breaks the rules may have one of megabytes. */
    public static String shortened(String text) {
        return text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
    }

    private static void checkKey(byte[] key, String id, String what, String rule) throws BadRecordException {
        if (key == null || !id.equals(new String(key, StandardCharsets.UTF_8))) {
            throw new BadRecordException(
                    what + ": the key is " + (key == null ? "missing" : "not " + id) + "; " + rule);
        }
    }

    private static void checkId(String what, String id) throws BadRecordException {
        if (id.isBlank()) {
            throw new BadRecordException("the " + what + " id is empty; every record names its " + what);
        }
        if (id.length() > MAX_ID_LENGTH) {
            throw new BadRecordException("the " + what + " id has " + id.length() + " characters; at most "
                    + MAX_ID_LENGTH + " are allowed");
        }
    }
}

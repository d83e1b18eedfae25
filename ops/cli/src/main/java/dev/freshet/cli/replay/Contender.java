package dev.freshet.cli.replay;

import java.util.Locale;

/** A way of recommending that takes part in a comparison. */
enum Contender {
    /** What the loop recommends. */
    LIVE("model"),
    /** What most users have. */
    POPULARITY("popularity"),
    /** Neighbors in the live item graph. */
    ITEM_KNN("neighbor"),
    /** The model in force, without the live item graph. */
    MODEL("model"),
    /** The first release as it was trained. */
    FROZEN("model"),
    /** The first release, with users folded in and the live graph. */
    FROZEN_REFRESHED("model");

    private final String reason;

    Contender(String reason) {
        this.reason = reason;
    }

    /** Its name in keys, options and tables. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The kind of reason that some item of its lists has where it does not have to fall back on another way. */
    String reason() {
        return reason;
    }
}

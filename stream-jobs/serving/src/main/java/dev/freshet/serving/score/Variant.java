package dev.freshet.serving.score;

import dev.freshet.serving.score.Recommender.Query;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * A way of recommending that serving's own is compared with: what the same {@link Recommender} is asked, of the same user at
 * the same event.
 */
public enum Variant {
    /** What most users have. */
    POPULARITY(false) {
        @Override
        public Query query(Asked asked) {
            return new Query(null, null, List.of(), asked.excluded(), asked.size());
        }
    },

    /** The neighbors of the history in the live item graph, filled up with the most popular. */
    ITEM_KNN(false) {
        @Override
        public Query query(Asked asked) {
            return new Query(null, null, asked.history(), asked.excluded(), asked.size());
        }
    },

    /** The first release as it was trained; the most popular for users that it does not know. */
    FROZEN(true) {
        @Override
        public Query query(Asked asked) {
            float[] vector = asked.first() == null || !asked.trained()
                    ? null
                    : asked.first().user(asked.user());
            return new Query(asked.first(), vector, List.of(), asked.excluded(), asked.size());
        }
    },

    /** The first release, with users folded in and the live item graph, as serving does with the release in force. */
    FROZEN_REFRESHED(true) {
        @Override
        public Query query(Asked asked) {
            FoldIn.Vector vector = asked.first() == null
                    ? null
                    : FoldIn.refresh(asked.first(), asked.user(), asked.trained(), asked.history());
            return new Query(
                    asked.first(),
                    vector == null ? null : vector.values(),
                    asked.history(),
                    asked.excluded(),
                    asked.size());
        }
    };

    /**
     * A user at an event.
     *
     * @param first the first release, or null where there is none yet
     * @param user id of the user
     * @param trained whether the first release's vector of the user may be used
     * @param history live items, newest first
     * @param excluded items that must not be recommended
     * @param size how many are wanted
     */
    public record Asked(
            Model first,
            String user,
            boolean trained,
            List<HistoryItem> history,
            Predicate<String> excluded,
            int size) {}

    private final boolean ofFirst;

    Variant(boolean ofFirst) {
        this.ofFirst = ofFirst;
    }

    /** What the recommender is asked. */
    public abstract Query query(Asked asked);

    /** Whether it rests on the first release. */
    public boolean ofFirst() {
        return ofFirst;
    }

    /** Its name, as in keys and options: item-knn. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The variant of a name.
     *
     * @throws IllegalArgumentException if there is none, with those that there are
     */
    public static Variant of(String label) {
        return Arrays.stream(values())
                .filter(variant -> variant.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'" + label + "' is no variant; there are "
                        + Arrays.stream(values()).map(Variant::label).collect(Collectors.joining(", "))));
    }
}

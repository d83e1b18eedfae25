package dev.freshet.serving.score;

import dev.freshet.serving.score.Recommender.Query;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Supplier;
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
            return asked.with(null, null, Taste.NONE);
        }
    },

    /** The neighbors of the history in the live item graph, filled up with the most popular. */
    ITEM_KNN(false) {
        @Override
        public Query query(Asked asked) {
            return asked.with(null, null, asked.own().taste());
        }
    },

    /** The model in force with users folded in, but without the live item graph; the most popular for users without a vector. */
    MODEL(false) {
        @Override
        public Query query(Asked asked) {
            return asked.with(asked.own().model(), asked.own().vector(), Taste.NONE);
        }
    },

    /** The first release as it was trained; the most popular for users that it does not know. */
    FROZEN(true) {
        @Override
        public Query query(Asked asked) {
            float[] vector = asked.first() == null || !asked.trained()
                    ? null
                    : asked.first().user(asked.user());
            return asked.with(asked.first(), vector, Taste.NONE);
        }
    },

    /** The first release, with users folded in and the live item graph, as serving does with the release in force. */
    FROZEN_REFRESHED(true) {
        @Override
        public Query query(Asked asked) {
            Taste taste = asked.own().taste();
            FoldIn.Vector vector =
                    asked.first() == null ? null : asked.refreshed().get();
            return asked.with(asked.first(), vector == null ? null : vector.values(), taste);
        }
    };

    /**
     * A user at an event.
     *
     * @param first the first release, or null where there is none yet
     * @param user id of the user
     * @param trained whether the first release's vector of the user may be used
     * @param refreshed the user's vector in the first release as of now, or null
     * @param own what serving itself asks the recommender
     */
    public record Asked(Model first, String user, boolean trained, Supplier<FoldIn.Vector> refreshed, Query own) {

        /** The same of another model, another vector and another taste. */
        private Query with(Model model, float[] vector, Taste taste) {
            return new Query(model, vector, taste, own.excluded(), own.filter(), own.diversity(), own.size());
        }
    }

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

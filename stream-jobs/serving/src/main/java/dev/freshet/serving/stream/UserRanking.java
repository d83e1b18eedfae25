package dev.freshet.serving.stream;

import dev.freshet.schema.Recommendations;
import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Recommender;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.common.utils.Bytes;

/** Ranks for a user by what serving holds of them. Thread-safe. */
public final class UserRanking {

    private final ServingContext serving;
    private final Recommender recommender;

    UserRanking(ServingContext serving) {
        this.serving = serving;
        this.recommender = new Recommender(serving.catalogue()::jaccard, serving.popularity());
    }

    /**
     * What the recommender is asked of a user.
     *
     * @param pairs the pairs store: a profile does not have all items of everyone
     */
    Recommender.Query query(String user, UserProfile profile, Function<Bytes, byte[]> pairs) {
        Model model = serving.model(user);
        FoldIn.Vector vector = model == null ? null : serving.vector(model, user, profile);
        return new Recommender.Query(
                model,
                vector == null ? null : vector.values(),
                serving.taste(profile),
                excluded(user, profile, pairs),
                null,
                serving.scoring().diversity(),
                serving.size());
    }

    private Predicate<String> excluded(String user, UserProfile profile, Function<Bytes, byte[]> pairs) {
        Set<String> own = new HashSet<>();
        profile.recent().forEach(entry -> own.add(entry.item()));
        profile.disliked().forEach(entry -> own.add(entry.item()));
        boolean complete = profile.complete();
        return item -> own.contains(item)
                || serving.catalogue().excludes(item)
                || (!complete && isOwn(pairs.apply(PairState.key(user, item))));
    }

    /** Whether a pair must not be offered: the user has the item, or does not want it. */
    static boolean isOwn(byte[] stored) {
        PairState pair = stored == null ? null : PairState.decode(stored);
        return pair != null && (pair.live() || pair.disliked());
    }

    /** The answers to some queries, best all at once. */
    List<Recommender.Answer> answers(List<Recommender.Query> queries) {
        return recommender.recommend(queries);
    }

    /**
     * The list that answers a query.
     *
     * @param causedBy event time of the interaction that asks for it, or null
     * @param now milliseconds since 1970
     */
    Recommendations list(String user, Recommender.Query query, Instant causedBy, long now) {
        return list(user, query, recommender.recommend(query), causedBy, now);
    }

    /** The list that an answer is. */
    static Recommendations list(
            String user, Recommender.Query query, Recommender.Answer answer, Instant causedBy, long now) {
        return Recommendations.newBuilder()
                .setUser(user)
                .setItems(answer.items())
                .setModelVersion(query.model() == null ? null : query.model().version())
                .setGraphVersion(answer.graphVersion())
                .setGeneratedAt(Instant.ofEpochMilli(now))
                .setCausedBy(causedBy)
                .build();
    }

    /**
     * A list as of now that a filter narrows down, for one answer.
     *
     * @param pairs the pairs store
     * @param size how many are wanted
     */
    public Recommendations filtered(
            String user, UserProfile profile, Function<Bytes, byte[]> pairs, ItemFilter filter, int size) {
        Recommender.Query query = query(user, profile, pairs)
                .with(item -> filter.admits(item, serving.catalogue().item(item)), size);
        return list(user, query, null, System.currentTimeMillis());
    }
}

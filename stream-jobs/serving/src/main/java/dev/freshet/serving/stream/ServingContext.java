package dev.freshet.serving.stream;

import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Popularity;
import dev.freshet.serving.score.Scoring;
import dev.freshet.serving.score.Taste;
import dev.freshet.serving.score.Variant;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** What the tasks of an instance share. Thread-safe. */
public final class ServingContext {

    /**
     * How far the tasks are with re-scoring their users for the model in force.
     *
     * @param version the model's version, or empty
     * @param total users to be looked at
     * @param done users looked at
     */
    public record Progress(String version, long total, long done) {}

    private final AtomicReference<Model> model = new AtomicReference<>();
    private final AtomicReference<Model> first = new AtomicReference<>();
    private final Catalogue catalogue;
    private final Popularity popularity = new Popularity();
    private final UserIndex users = new UserIndex();
    private final Map<Integer, Progress> progress = new ConcurrentHashMap<>();
    private final ServingMetrics metrics;
    private final Refusals refusals;
    private final RateBudget rescoreBudget;
    private final int size;
    private final Scoring scoring;
    private final UserRanking ranking;
    private final Set<Variant> shadows = EnumSet.noneOf(Variant.class);

    /**
     * @param refusals where unusable records of neighbors go
     * @param size recommendations per user
     * @param scoring what else shapes them
     * @param rescoreRate users re-scored per second, at most, when a model is released
     * @param shadows variants whose lists are published, too
     */
    public ServingContext(
            ServingMetrics metrics,
            Refusals refusals,
            int size,
            Scoring scoring,
            int rescoreRate,
            Set<Variant> shadows) {
        this.metrics = metrics;
        this.refusals = refusals;
        this.size = size;
        this.scoring = scoring;
        this.catalogue = new Catalogue(scoring.filter());
        this.ranking = new UserRanking(this);
        this.rescoreBudget = new RateBudget(rescoreRate);
        this.shadows.addAll(shadows);
        metrics.gauge("freshet.users", "Users that this instance knows", users, UserIndex::size);
        metrics.gauge("freshet.items", "Items that are available", catalogue, Catalogue::itemCount);
        metrics.gauge(
                "freshet.rescore.remaining",
                "Users still to be re-scored for the model in force",
                this,
                context -> context.progress().total() - context.progress().done());
    }

    /** The model in force, or null. A score asks once, and takes everything from the answer. */
    public Model model() {
        return model.get();
    }

    /** Puts a model in force: every score from now on uses it alone, and the tasks begin to re-score their users. */
    public void switchTo(Model next) {
        model.set(next);
    }

    /** The first release, where a variant rests on it; else null. */
    public Model first() {
        return first.get();
    }

    /** Sets the first release. */
    public void keepFirst(Model release) {
        first.set(release);
    }

    /** Whether a variant rests on the first release, and it is not there yet. */
    public boolean lacksFirst() {
        return first.get() == null && shadows.stream().anyMatch(Variant::ofFirst);
    }

    Set<Variant> shadows() {
        return shadows;
    }

    public Catalogue catalogue() {
        return catalogue;
    }

    public Popularity popularity() {
        return popularity;
    }

    public UserIndex users() {
        return users;
    }

    public ServingMetrics metrics() {
        return metrics;
    }

    /** A user's vector in a model, refreshed; null where there is none. */
    public FoldIn.Vector vector(Model of, String user, UserProfile profile) {
        return FoldIn.refresh(of, user, mayUseTrained(of, user), taste(profile));
    }

    /** Ranks as this instance does. */
    public UserRanking ranking() {
        return ranking;
    }

    /** What a user likes and dislikes, with the weights that it counts with. */
    Taste taste(UserProfile profile) {
        return scoring.weights().taste(profile.recent(), profile.disliked());
    }

    /**
     * Whether a user's trained vector may be used. Training on a snapshot from before a user was forgotten has put into it what
     * must not count. The time of the request says nothing of that: whoever asks sets it.
     */
    public boolean mayUseTrained(Model of, String user) {
        return of.cut().hasSeenErasure(catalogue.userErasure(user).offset());
    }

    Refusals refusals() {
        return refusals;
    }

    RateBudget rescoreBudget() {
        return rescoreBudget;
    }

    Scoring scoring() {
        return scoring;
    }

    /** Recommendations per user. */
    public int size() {
        return size;
    }

    void progress(int partition, Progress of) {
        if (of == null) {
            progress.remove(partition);
        } else {
            progress.put(partition, of);
        }
    }

    /** Progress of all tasks of this instance with the model in force. */
    public Progress progress() {
        Model inForce = model();
        String version = inForce == null ? "" : inForce.version();
        long total = 0;
        long done = 0;
        for (Progress of : progress.values()) {
            if (of.version().equals(version)) {
                total += of.total();
                done += of.done();
            }
        }
        return new Progress(version, total, done);
    }
}

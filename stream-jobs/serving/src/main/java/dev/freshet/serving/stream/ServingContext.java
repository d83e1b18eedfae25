package dev.freshet.serving.stream;

import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Popularity;
import java.util.Map;
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
    private final Catalogue catalogue = new Catalogue();
    private final Popularity popularity = new Popularity();
    private final UserIndex users = new UserIndex();
    private final Map<Integer, Progress> progress = new ConcurrentHashMap<>();
    private final ServingMetrics metrics;
    private final Refusals refusals;
    private final RateBudget rescoreBudget;
    private final int size;

    /**
     * @param refusals where unusable records of neighbors go
     * @param size recommendations per user
     * @param rescoreRate users re-scored per second, at most, when a model is released
     */
    public ServingContext(ServingMetrics metrics, Refusals refusals, int size, int rescoreRate) {
        this.metrics = metrics;
        this.refusals = refusals;
        this.size = size;
        this.rescoreBudget = new RateBudget(rescoreRate);
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
        // Training on a snapshot from before a user was forgotten has put into the vector what must not count. The time
        // of the
        // request says nothing of that: whoever asks sets it.
        boolean trained = of.cut().hasSeenErasure(catalogue.userErasure(user).offset());
        return FoldIn.refresh(of, user, trained, profile.recent());
    }

    Refusals refusals() {
        return refusals;
    }

    RateBudget rescoreBudget() {
        return rescoreBudget;
    }

    int size() {
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

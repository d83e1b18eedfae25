package dev.freshet.serving.stream;

import dev.freshet.schema.ModelRelease;
import dev.freshet.serving.experiment.Tally;
import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Popularity;
import dev.freshet.serving.score.Scoring;
import dev.freshet.serving.score.Taste;
import dev.freshet.serving.score.Variant;
import dev.freshet.topic.Split;
import dev.freshet.topic.WireFormat;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What the tasks of an instance share. Thread-safe. */
public final class ServingContext {

    /**
     * How far the tasks are with re-scoring the users of an arm for its model in force.
     *
     * @param version the model's version; empty where there is none, or no task has begun
     * @param total users to be looked at
     * @param done users looked at
     */
    public record Progress(String version, long total, long done) {}

    private record Place(int partition, int arm) {}

    /** The model in force of each arm. */
    private final AtomicReferenceArray<Model> models;

    private final AtomicReference<Model> first = new AtomicReference<>();
    private final Catalogue catalogue;
    private final Popularity popularity = new Popularity();
    private final UserIndex users;
    private final Map<Place, Progress> progress = new ConcurrentHashMap<>();
    private final Map<Integer, Tally[]> tallies = new ConcurrentHashMap<>();
    private final ServingMetrics metrics;
    private final WireFormat format;
    private final Refusals refusals;
    private final RateBudget rescoreBudget;
    private final Lateness lateness = new Lateness(System::currentTimeMillis, System::nanoTime);
    private final int size;
    private final Scoring scoring;
    private final UserRanking ranking;
    private final Induction induction = new Induction(this);
    private final Arrivals arrivals = new Arrivals(this, induction);
    private final Set<Variant> shadows = EnumSet.noneOf(Variant.class);

    /**
     * @param format how values are framed on the topics of clients
     * @param refusals where unusable records of neighbors go
     * @param size recommendations per user
     * @param scoring what else shapes them
     * @param rescoreRate users re-scored per second, at most, when a model is released
     * @param shadows variants whose lists are published, too
     */
    public ServingContext(
            ServingMetrics metrics,
            WireFormat format,
            Refusals refusals,
            int size,
            Scoring scoring,
            int rescoreRate,
            Set<Variant> shadows) {
        this.metrics = metrics;
        this.format = format;
        this.refusals = refusals;
        this.size = size;
        this.scoring = scoring;
        this.models = new AtomicReferenceArray<>(scoring.split().arms().size());
        this.users = new UserIndex(scoring.split());
        metrics.arms(scoring.split().arms().stream().map(Split.Arm::name).toList());
        this.catalogue = new Catalogue(scoring.filter());
        this.ranking = new UserRanking(this);
        this.rescoreBudget = new RateBudget(rescoreRate);
        this.shadows.addAll(shadows);
        metrics.gauge("freshet.users", "Users that this instance knows", users, UserIndex::size);
        metrics.gauge("freshet.items", "Items that are available", catalogue, Catalogue::itemCount);
        metrics.gauge(
                "freshet.rescore.remaining",
                "Users still to be re-scored for the model in force of their arm",
                this,
                context -> context.progress().total() - context.progress().done());
    }

    /** Which model scores whom. */
    public Split split() {
        return scoring.split();
    }

    /** The model in force for a user, or null. A score asks once, and takes everything from the answer. */
    public Model model(String user) {
        return models.get(split().arm(user));
    }

    /** The model in force of an arm, or null. */
    public Model inForce(int arm) {
        return models.get(arm);
    }

    /** Whether a release is in force, in whatever arm. */
    public boolean isInForce(ModelRelease release) {
        return models().stream().anyMatch(model -> model.release().equals(release));
    }

    /** Whether a model itself is in force, or kept as the first. */
    public boolean uses(Model model) {
        return model == first.get() || models().contains(model);
    }

    /** The models in force. */
    public List<Model> models() {
        return IntStream.range(0, models.length())
                .mapToObj(models::get)
                .filter(Objects::nonNull)
                .toList();
    }

    /** The model in force of the arm with the most users, else of the first arm that has one; null where there is none. */
    public Model model() {
        return Stream.concat(Stream.ofNullable(models.get(split().control())), models().stream())
                .findFirst()
                .orElse(null);
    }

    /**
     * Puts a model in force in its arm: every score of the arm's users from now on uses it alone, and the tasks begin to re-score them.
     *
     * @throws IllegalArgumentException if no arm is served by such a model
     */
    public void switchTo(Model next) {
        String name = next.release().getModel();
        int arm = split().indexOf(split().armOf(name));
        if (arm < 0) {
            throw new IllegalArgumentException("no arm of " + split() + " is served by " + name);
        }
        models.set(arm, next);
        arrivals.forgetAllBut(models());
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

    /** How values are framed on the topics that programs outside write or read. */
    public WireFormat format() {
        return format;
    }

    /** A user's vector in a model, refreshed; null where there is none. */
    public FoldIn.Vector vector(Model of, String user, UserProfile profile) {
        Taste taste = taste(profile);
        return FoldIn.refresh(of, induction.start(of, user, mayUseTrained(of, user), taste), taste);
    }

    /** Vectors of items that came since. */
    Arrivals arrivals() {
        return arrivals;
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

    /** Whether what training has made of an item may go into other vectors, as of {@link #mayUseTrained}; never of one that is erased. */
    boolean mayUseTrainedItem(Model of, String item) {
        return !catalogue.erased(item)
                && of.cut().hasSeenErasure(catalogue.itemErasure(item).offset());
    }

    Refusals refusals() {
        return refusals;
    }

    RateBudget rescoreBudget() {
        return rescoreBudget;
    }

    Lateness lateness() {
        return lateness;
    }

    /** What shapes recommendations. */
    public Scoring scoring() {
        return scoring;
    }

    /** Recommendations per user. */
    public int size() {
        return size;
    }

    /** Sets the measurements of a task, by arm; null when it closes. */
    void tallies(int partition, Tally[] of) {
        if (of == null) {
            tallies.remove(partition);
        } else {
            tallies.put(partition, of);
        }
    }

    /** What was measured of the users of an arm that this instance has. */
    public Tally tally(int arm) {
        return tallies.values().stream().map(of -> of[arm]).reduce(new Tally(), Tally::plus);
    }

    void progress(int partition, int arm, Progress of) {
        if (of == null) {
            progress.remove(new Place(partition, arm));
        } else {
            progress.put(new Place(partition, arm), of);
        }
    }

    /** Progress of all tasks of this instance with the model in force of an arm. */
    public Progress progress(int arm) {
        Model inForce = inForce(arm);
        String version = inForce == null ? "" : inForce.version();
        long total = 0;
        long done = 0;
        boolean begun = false;
        for (Map.Entry<Place, Progress> of : progress.entrySet()) {
            if (of.getKey().arm() == arm && of.getValue().version().equals(version)) {
                total += of.getValue().total();
                done += of.getValue().done();
                begun = true;
            }
        }
        return new Progress(begun ? version : "", total, done);
    }

    /** Progress with all arms, under the version of {@link #model()}. */
    public Progress progress() {
        Model inForce = model();
        long total = 0;
        long done = 0;
        for (int arm = 0; arm < models.length(); arm++) {
            Progress of = progress(arm);
            total += of.total();
            done += of.done();
        }
        return new Progress(inForce == null ? "" : inForce.version(), total, done);
    }
}

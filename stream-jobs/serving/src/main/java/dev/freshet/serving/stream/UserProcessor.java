package dev.freshet.serving.stream;

import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.Vectors;
import dev.freshet.schema.Embedding;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.serving.experiment.Outcome;
import dev.freshet.serving.experiment.Tally;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.Recommender;
import dev.freshet.serving.score.Stamp;
import dev.freshet.serving.score.Variant;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import it.unimi.dsi.fastutil.objects.Object2LongMap;
import it.unimi.dsi.fastutil.objects.Object2LongOpenHashMap;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The users of one partition. An interaction that decides its pair re-scores its user, at once or, where interactions
 * have piled up, together with others. A new model starts a sweep over the users of
 * its arm, and an item that stops being recommendable one over all users, most recently active first, in slices between interactions at the
 * rate that the instance allows. A request to forget a user removes what is older than it.
 */
final class UserProcessor implements Processor<byte[], byte[], byte[], byte[]> {

    /** How often a slice of the sweep runs. */
    static final Duration SLICE_INTERVAL = Duration.ofMillis(50);

    /** How long a slice may keep interactions waiting. */
    private static final long SLICE_NANOS = Duration.ofMillis(20).toNanos();

    /**
     * An interaction that comes so long after its send waits for those behind it, so that their users are scored together: what saves time when there is
     * least of it.
     */
    private static final Duration BEHIND = Duration.ofMillis(20);

    /** How long it waits; where no other interactions come, until the next poll for them ends. */
    private static final Duration WAIT = Duration.ofMillis(25);

    /** One list in so many is audited. */
    static final int AUDIT_EVERY = 16;

    private static final Sweep NOTHING_SWEPT = new Sweep(null, 0, List.of(), false);

    /** What the search for erased pairs begins with: no key lies before it. */
    private static final Bytes FIRST = Bytes.wrap(new byte[0]);

    private final ServingContext serving;
    private final LongSupplier nanos;
    private final LongSupplier clock;
    private final UserRanking ranking;
    /** What this task has added to the instance's popularity, to be taken back when it closes. */
    private final Object2LongMap<String> counted = new Object2LongOpenHashMap<>();

    /** Users whose newest interaction waits; the store of users has them as well. */
    private final Map<String, ToScore> waiting = new LinkedHashMap<>();

    private ProcessorContext<byte[], byte[]> context;
    private int partition;
    private KeyValueStore<String, byte[]> users;
    private KeyValueStore<Bytes, byte[]> pairs;
    private KeyValueStore<String, byte[]> recommendations;
    private KeyValueStore<String, Long> counts;
    private UserIndex.Part index;
    /** In the first partition's task alone. */
    private ItemEmbeddings itemEmbeddings;

    /** The sweep of each arm. */
    private Sweep[] sweeps;

    /** Of each arm, the version that its users were last kept waiting for. */
    private String[] awaited;

    /** The measurements of each arm. */
    private Tally[] tallies;

    private int turn;
    private int lists;
    private int erasuresDone;
    private long itemErasuresDone;
    /** Where the search for pairs of erased items goes on; null where there is nothing to search for. */
    private Bytes search;

    /**
     * @param nanos the clock that slices are measured by, in nanoseconds
     * @param clock milliseconds since 1970; that of Streams stands still over many records
     */
    UserProcessor(ServingContext serving, LongSupplier nanos, LongSupplier clock) {
        this.serving = serving;
        this.nanos = nanos;
        this.clock = clock;
        this.ranking = serving.ranking();
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
        this.context = context;
        this.partition = context.taskId().partition();
        this.users = context.getStateStore(ServingTopology.USERS_STORE);
        this.pairs = context.getStateStore(ServingTopology.PAIRS_STORE);
        this.recommendations = context.getStateStore(ServingTopology.RECOMMENDATIONS_STORE);
        this.counts = context.getStateStore(ServingTopology.COUNTS_STORE);
        this.itemEmbeddings = partition > 0
                ? null
                : new ItemEmbeddings(
                        serving,
                        context.getStateStore(ServingTopology.ITEM_EMBEDDINGS_STORE),
                        (key, value) ->
                                publish(ServingTopology.EMBEDDINGS_SINK, key, value, context.currentSystemTimeMs()));
        this.index = serving.users().open(partition);
        waiting.clear();
        this.tallies = serving.split().arms().stream().map(arm -> new Tally()).toArray(Tally[]::new);
        serving.tallies(partition, tallies);
        try (KeyValueIterator<String, byte[]> all = users.all()) {
            while (all.hasNext()) {
                KeyValue<String, byte[]> entry = all.next();
                index.put(entry.key, UserProfile.lastActivity(entry.value));
                if (UserProfile.waits(entry.value)) {
                    UserProfile profile = UserProfile.decode(entry.value);
                    waiting.put(entry.key, new ToScore(entry.key, profile, profile.waiting(), profile.waitingSince()));
                }
                tallies[serving.split().arm(entry.key)].replace(
                        Outcome.NONE,
                        UserProfile.outcome(entry.value, serving.split().id()));
            }
        }
        try (KeyValueIterator<String, Long> all = counts.all()) {
            while (all.hasNext()) {
                KeyValue<String, Long> entry = all.next();
                count(entry.key, entry.value);
            }
        }
        // Streams opens a task anew with the same processor, and its stores may be from before an erasure that was
        // done.
        this.erasuresDone = 0;
        this.itemErasuresDone = 0;
        this.search = null;
        // Lists may be of a model, or of an arm, that is no longer the user's: everyone is looked at once.
        this.sweeps = new Sweep[serving.split().arms().size()];
        Arrays.fill(sweeps, NOTHING_SWEPT);
        this.awaited = new String[sweeps.length];
        context.schedule(WAIT, PunctuationType.WALL_CLOCK_TIME, this::scoreWaiting);
        context.schedule(SLICE_INTERVAL, PunctuationType.WALL_CLOCK_TIME, this::slice);
    }

    @Override
    public void close() {
        counted.object2LongEntrySet().forEach(entry -> serving.popularity().add(entry.getKey(), -entry.getLongValue()));
        counted.clear();
        serving.users().close(partition, index);
        serving.tallies(partition, null);
        for (int arm = 0; arm < sweeps.length; arm++) {
            serving.progress(partition, arm, null);
        }
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        Interaction interaction;
        try {
            interaction = serving.format().awaitDecoded(Topic.INTERACTIONS, record.value());
            Intake.check(record.key(), interaction, record.timestamp());
        } catch (BadRecordException e) {
            serving.metrics().skipped(Topic.INTERACTIONS.name());
            return;
        }
        RecordMetadata at = context.recordMetadata().orElseThrow();
        long now = context.currentSystemTimeMs();
        String user = interaction.getUser();
        String item = interaction.getItem();
        long eventTime = interaction.getEventTime().toEpochMilli();
        if (eventTime <= serving.catalogue().userErasure(user).upTo()
                || eventTime <= serving.catalogue().itemErasedAt(item)) {
            serving.metrics().erased(now);
            return;
        }
        Bytes key = PairState.key(user, item);
        byte[] stored = pairs.get(key);
        PairState before = stored == null ? null : PairState.decode(stored);
        PairState after = new PairState(
                !Intake.isRemoval(interaction),
                interaction.getAction(),
                interaction.getWeight(),
                new Stamp(eventTime, at.partition(), at.offset()));
        if (before != null && before.stamp().compareTo(after.stamp()) >= 0) {
            serving.metrics().superseded(now);
            return;
        }
        if (waiting.containsKey(user)) {
            // Every interaction has its list, which knows of none that came after.
            scoreWaiting(now);
        }
        boolean wasLive = before != null && before.live();
        pairs.put(key, after.encode());
        if (wasLive != after.live()) {
            changeCount(item, after.live() ? 1 : -1);
        }
        UserProfile profile = load(user);
        if (profile == null) {
            profile = new UserProfile();
        }
        if (after.live() && (before == null || !(before.live() || before.disliked()))) {
            measure(user, profile, item, record.timestamp());
        }
        profile.apply(item, after, before);
        if (profile.needsRefill()) {
            profile.refill(UserHistory.pairs(user, pairs));
        }
        serving.metrics().accepted(now);
        ToScore next = new ToScore(user, profile, interaction.getEventTime(), record.timestamp());
        if (clock.getAsLong() - record.timestamp() < BEHIND.toMillis()) {
            score(next, now);
            return;
        }
        profile.waits(next.causedBy(), next.arrived());
        users.put(user, profile.encode());
        index.put(user, profile.lastActivity());
        waiting.put(user, next);
        if (waiting.size() == Recommender.AT_ONCE) {
            scoreWaiting(now);
        }
    }

    /**
     * Holds an item that the user takes, and might have been offered, against the list that the user had. Only a list that was there before the
     * event had reached the broker counts: the event is then in nothing that the list rests on, be it model, graph or history. A stranger has
     * no list.
     *
     * @param arrived the broker's time of the event, milliseconds since 1970
     */
    private void measure(String user, UserProfile profile, String item, long arrived) {
        long experiment = serving.split().id();
        if (!profile.scoredIn(experiment) || profile.listedAt() == Long.MAX_VALUE) {
            return;
        }
        int arm = serving.split().arm(user);
        if (profile.listedAt() >= arrived) {
            serving.metrics().unmeasured(arm);
            return;
        }
        Outcome before = profile.outcome(experiment);
        int rank = rank(recommendations.get(user), item);
        Outcome after = before.with(rank, !profile.embedded());
        tallies[arm].replace(before, after);
        profile.measured(after);
        serving.metrics().measured(arm, rank, !profile.embedded());
    }

    /** Place of an item among the first of a list, from 1; 0 where it is not there. */
    private static int rank(byte[] list, String item) {
        // Most are not: their bytes say so without decoding.
        if (list == null || indexOf(list, item.getBytes(StandardCharsets.UTF_8)) < 0) {
            return 0;
        }
        List<RecommendedItem> items = decode(list).getItems();
        for (int rank = 1; rank <= Math.min(Outcome.K, items.size()); rank++) {
            if (items.get(rank - 1).getItem().equals(item)) {
                return rank;
            }
        }
        return 0;
    }

    /** Where bytes begin in others, or -1. */
    private static int indexOf(byte[] bytes, byte[] part) {
        for (int at = 0; at <= bytes.length - part.length; at++) {
            if (Arrays.equals(bytes, at, at + part.length, part, 0, part.length)) {
                return at;
            }
        }
        return -1;
    }

    private static Recommendations decode(byte[] list) {
        try {
            return Topic.RECOMMENDATIONS.codec().decode(list);
        } catch (BadRecordException e) {
            throw new IllegalStateException(e);
        }
    }

    private UserProfile load(String user) {
        byte[] stored = users.get(user);
        return stored == null ? null : UserProfile.decode(stored);
    }

    private void changeCount(String item, int change) {
        Long before = counts.get(item);
        long after = (before == null ? 0 : before) + change;
        counts.put(item, after == 0 ? null : after);
        count(item, change);
    }

    private void count(String item, long change) {
        counted.put(item, counted.getLong(item) + change);
        serving.popularity().add(item, change);
    }

    /** Scores those that wait. */
    private void scoreWaiting(long now) {
        List<ToScore> users = List.copyOf(waiting.values());
        waiting.clear();
        score(users, now);
    }

    private void score(ToScore user, long now) {
        score(List.of(user), now);
    }

    /** Scores users with the model in force, keeps profiles and lists, and publishes lists and embeddings. */
    private void score(List<ToScore> users, long now) {
        if (users.isEmpty()) {
            return;
        }
        long start = System.nanoTime();
        List<Recommender.Query> queries = users.stream()
                .map(each -> ranking.query(each.user(), each.profile(), pairs::get))
                .toList();
        List<Recommender.Answer> answers = ranking.answers(queries);
        long each = (System.nanoTime() - start) / users.size();
        for (int n = 0; n < answers.size(); n++) {
            scored(users.get(n), queries.get(n), answers.get(n), each, now);
        }
    }

    private void scored(ToScore scored, Recommender.Query query, Recommender.Answer answer, long ranking, long now) {
        long start = System.nanoTime();
        String user = scored.user();
        UserProfile profile = scored.profile();
        Instant causedBy = scored.causedBy();
        float[] vector = query.vector();
        Recommendations list = UserRanking.list(user, query, answer, causedBy, now);
        audit(user, list.getItems());
        String version = list.getModelVersion();
        byte[] value = Topic.RECOMMENDATIONS.codec().encode(list);
        recommendations.put(user, value);
        publish(ServingTopology.RECOMMENDATIONS_SINK, user, serving.format().frame(Topic.RECOMMENDATIONS, value), now);
        if (vector != null) {
            Embedding embedding =
                    new Embedding(NodeKind.USER, user, Vectors.toList(vector), version, Instant.ofEpochMilli(now));
            publish(
                    ServingTopology.EMBEDDINGS_SINK,
                    Keys.node(NodeKind.USER, user),
                    serving.format().codec(Topic.EMBEDDINGS).encode(embedding),
                    now);
        } else if (profile.embedded()) {
            publish(ServingTopology.EMBEDDINGS_SINK, Keys.node(NodeKind.USER, user), null, now);
        }
        // Who is scored before the items that came since are there is scored again by the sweep.
        boolean settled = serving.arrivals().isSettled(query.model(), now);
        // The time after it was made: the graph and the model go on meanwhile.
        profile.scored(
                version == null || !settled ? "" : version,
                vector != null,
                clock.getAsLong(),
                serving.split().id());
        users.put(user, profile.encode());
        index.put(user, profile.lastActivity());
        serving.metrics().recommended(causedBy != null, vector == null, ranking + System.nanoTime() - start, now);
        if (causedBy != null) {
            long waited = clock.getAsLong() - scored.arrived();
            serving.metrics().fresh(serving.split().arm(user), waited);
            serving.lateness().waited(waited);
        }
        shadow(user, profile, query, causedBy, now);
    }

    /** Counts what a list should not have, by the pairs themselves: the list was made from the profile, which sums them up. */
    private void audit(String user, List<RecommendedItem> items) {
        if (lists++ % AUDIT_EVERY == 0) {
            serving.metrics().audited((int) items.stream()
                    .filter(item -> UserRanking.isOwn(pairs.get(PairState.key(user, item.getItem()))))
                    .count());
        }
    }

    /** Publishes what the variants would recommend where serving's own list answers a query. */
    private void shadow(String user, UserProfile profile, Recommender.Query own, Instant causedBy, long now) {
        if (serving.shadows().isEmpty()) {
            return;
        }
        Model first = serving.first();
        boolean trained = first != null && serving.mayUseTrained(first, user);
        Variant.Asked asked = new Variant.Asked(first, user, trained, () -> serving.vector(first, user, profile), own);
        for (Variant variant : serving.shadows()) {
            Recommendations list = ranking.list(user, variant.query(asked), causedBy, now);
            for (RecommendedItem item : list.getItems()) {
                item.setReasons(item.getReasons()
                        .subList(0, Math.min(1, item.getReasons().size())));
            }
            publish(
                    ServingTopology.SHADOWS_SINK,
                    Keys.shadow(variant.label(), user),
                    Topic.SHADOW_RECOMMENDATIONS.codec().encode(list),
                    now);
        }
    }

    private void publish(String sink, String key, byte[] value, long now) {
        context.forward(new Record<>(key.getBytes(StandardCharsets.UTF_8), value, now), sink);
    }

    private void slice(long now) {
        long deadline = nanos.getAsLong() + SLICE_NANOS;
        forgetUsers(now, deadline);
        forgetItems(now, deadline);
        if (itemEmbeddings != null) {
            itemEmbeddings.withdrawErased();
        }
        // The other half is the users'.
        serving.arrivals().update(now, () -> nanos.getAsLong() >= deadline - SLICE_NANOS / 2);
        // Another is the first in each slice: they share time and rate.
        turn++;
        for (int next = 0; next < sweeps.length; next++) {
            sweep((turn + next) % sweeps.length, now, deadline);
        }
        if (itemEmbeddings != null) {
            itemEmbeddings.slice(now, () -> nanos.getAsLong() >= deadline);
        }
    }

    private void sweep(int arm, long now, long deadline) {
        Sweep sweep = sweeps[arm];
        Model model = serving.inForce(arm);
        String version = model == null ? "" : model.version();
        long withdrawals = serving.catalogue().withdrawals();
        boolean released = !version.equals(sweep.version);
        if (released && !serving.arrivals().isSettled(model, now)) {
            // The most active users come first, and would miss the items that came since.
            if (!version.equals(awaited[arm])) {
                awaited[arm] = version;
                // Scores are by the new model already: back to the one before, users have to be looked at again.
                sweeps[arm] = NOTHING_SWEPT;
                serving.progress(partition, arm, new ServingContext.Progress(version, index.size(arm), 0));
            }
            return;
        }
        if (released || (sweep.finished() && sweep.withdrawals != withdrawals)) {
            // A sweep that is cut short leaves its checks to the next.
            boolean checksLists = sweep.withdrawals != withdrawals || (sweep.checksLists && !sweep.finished());
            sweep = new Sweep(version, withdrawals, index.byActivity(arm), checksLists);
            sweeps[arm] = sweep;
        }
        List<ToScore> users = new ArrayList<>(Recommender.AT_ONCE);
        while (!sweep.finished() && nanos.getAsLong() < deadline) {
            String user = sweep.user();
            // Who waits is scored soon, by the model in force.
            UserProfile profile = waiting.containsKey(user) ? null : load(user);
            if (profile != null
                    && (!profile.scoredVersion().equals(version)
                            || !profile.scoredIn(serving.split().id())
                            || (sweep.checksLists && mayOfferExcluded(user)))) {
                if (!serving.rescoreBudget().tryTake(now)) {
                    break;
                }
                users.add(new ToScore(user, profile, null, now));
                if (users.size() == Recommender.AT_ONCE) {
                    score(users, now);
                    users.clear();
                }
            }
            sweep.next();
        }
        score(users, now);
        serving.progress(partition, arm, new ServingContext.Progress(version, sweep.users.size(), sweep.position));
    }

    /** Shadow lists are published only, so that what they offer is not known. */
    private boolean mayOfferExcluded(String user) {
        return !serving.shadows().isEmpty() || offersExcluded(user);
    }

    private boolean offersExcluded(String user) {
        byte[] stored = recommendations.get(user);
        if (stored == null) {
            return false;
        }
        return decode(stored).getItems().stream().map(RecommendedItem::getItem).anyMatch(serving.catalogue()::excludes);
    }

    private void forgetUsers(long now, long deadline) {
        while (erasuresDone < serving.catalogue().userErasures() && nanos.getAsLong() < deadline) {
            String user = serving.catalogue().erasedUser(erasuresDone++);
            if (index.contains(user)) {
                forget(user, now);
            }
        }
    }

    /** Searches the pairs of all users, once for all items that were asked to be forgotten before the search began. */
    private void forgetItems(long now, long deadline) {
        long requested = serving.catalogue().itemErasures();
        if (search == null && itemErasuresDone != requested) {
            itemErasuresDone = requested;
            search = FIRST;
        }
        while (search != null && nanos.getAsLong() < deadline) {
            String owner = nextOwner(deadline);
            if (owner != null) {
                forget(owner, now);
            }
        }
    }

    /** Goes on with the search: the user of the next erased pair, or null at the end and at the deadline. */
    private String nextOwner(long deadline) {
        try (KeyValueIterator<Bytes, byte[]> rest = pairs.range(search, null)) {
            while (rest.hasNext()) {
                KeyValue<Bytes, byte[]> entry = rest.next();
                long upTo = serving.catalogue().itemErasedAt(PairState.item(entry.key));
                boolean erased = upTo > Long.MIN_VALUE
                        && PairState.decode(entry.value).stamp().eventTime() <= upTo;
                if (erased || nanos.getAsLong() >= deadline) {
                    search = PairState.after(entry.key);
                    return erased ? PairState.user(entry.key) : null;
                }
            }
        }
        search = null;
        return null;
    }

    /** Removes a user's pairs that are erased, by user or by item; what is newer counts again. */
    private void forget(String user, long now) {
        long upTo = serving.catalogue().userErasure(user).upTo();
        List<Bytes> old = new ArrayList<>();
        UserProfile kept = new UserProfile();
        try (KeyValueIterator<Bytes, byte[]> all =
                pairs.prefixScan(PairState.prefix(user), Serdes.ByteArray().serializer())) {
            while (all.hasNext()) {
                KeyValue<Bytes, byte[]> entry = all.next();
                PairState pair = PairState.decode(entry.value);
                String item = PairState.item(entry.key);
                if (pair.stamp().eventTime()
                        <= Math.max(upTo, serving.catalogue().itemErasedAt(item))) {
                    old.add(entry.key);
                    if (pair.live()) {
                        changeCount(item, -1);
                    }
                } else {
                    kept.apply(item, pair, null);
                }
            }
        }
        if (old.isEmpty()) {
            return;
        }
        old.forEach(pairs::delete);
        ToScore waited = waiting.remove(user);
        tallies[serving.split().arm(user)].replace(
                load(user).outcome(serving.split().id()), Outcome.NONE);
        // What was published so far rests on what is forgotten.
        publish(ServingTopology.RECOMMENDATIONS_SINK, user, null, now);
        publish(ServingTopology.EMBEDDINGS_SINK, Keys.node(NodeKind.USER, user), null, now);
        // All of them: an earlier start may have been asked for others.
        for (Variant variant : Variant.values()) {
            publish(ServingTopology.SHADOWS_SINK, Keys.shadow(variant.label(), user), null, now);
        }
        if (kept.lastActivity() == Long.MIN_VALUE) {
            users.delete(user);
            recommendations.delete(user);
            index.remove(user);
        } else {
            boolean owesAList = waited != null && waited.causedBy().toEpochMilli() > upTo;
            score(
                    owesAList
                            ? new ToScore(user, kept, waited.causedBy(), waited.arrived())
                            : new ToScore(user, kept, null, now),
                    now);
        }
    }

    /**
     * A user to be scored.
     *
     * @param causedBy event time of the interaction that asks for it; null where none does
     * @param arrived when that was sent, milliseconds since 1970
     */
    private record ToScore(String user, UserProfile profile, Instant causedBy, long arrived) {}

    /** A pass over the users of an arm in this task for one model version. */
    private static final class Sweep {

        /** Null before the first pass. */
        private final String version;

        private final long withdrawals;
        private final List<String> users;
        private final boolean checksLists;
        private int position;

        /**
         * @param withdrawals the catalogue's count when the pass began
         * @param checksLists whether lists that offer an excluded item are scored anew too
         */
        Sweep(String version, long withdrawals, List<String> users, boolean checksLists) {
            this.version = version;
            this.withdrawals = withdrawals;
            this.users = users;
            this.checksLists = checksLists;
        }

        boolean finished() {
            return position == users.size();
        }

        String user() {
            return users.get(position);
        }

        void next() {
            position++;
        }
    }
}

package dev.freshet.bench;

import dev.freshet.codec.BadRecordException;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.batch.Cuts;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Intake;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.LongPredicate;
import java.util.function.LongUnaryOperator;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Runs {@link InMemoryLimit} over the interactions that the topic has now. They are read, decoded and given dense ids before the
 * clock starts.
 */
@Command(
        name = "in-memory-limit",
        mixinStandardHelpOptions = true,
        description = "Counts the pairs of the topic's interactions in memory, on one thread.")
public final class InMemoryLimitMain implements Callable<Integer> {

    private static final int PROGRESS_MASK = (1 << 12) - 1;

    @Option(names = "--bootstrap", required = true, paramLabel = "HOST:PORT", description = "Broker.")
    private String bootstrap;

    @Option(
            names = "--mark",
            paramLabel = "N",
            defaultValue = "0",
            description = "Also say after how many events this many pair updates were done.")
    private long mark;

    @Option(
            names = "--f-max",
            paramLabel = "N|unlimited",
            defaultValue = "unlimited",
            description = "Users of an item that count: the others' events are left out before the clock starts.")
    private String fMax;

    @Option(
            names = "--k-max",
            paramLabel = "N|unlimited",
            defaultValue = "unlimited",
            description = "Items of a user that count.")
    private String kMax;

    private final Object2IntOpenHashMap<String> userIds = new Object2IntOpenHashMap<>();
    private final Object2IntOpenHashMap<String> itemIds = new Object2IntOpenHashMap<>();

    // The events by column, in the order of reading.
    private final IntArrayList users = new IntArrayList();
    private final IntArrayList items = new IntArrayList();
    private final BitSet adds = new BitSet();
    private final LongArrayList times = new LongArrayList();
    private final IntArrayList partitions = new IntArrayList();

    public static void main(String[] arguments) {
        Yardstick.run(new InMemoryLimitMain(), arguments);
    }

    @Override
    public Integer call() {
        read();
        int[] all = inOrder();
        Survey survey = survey(all);
        int[] order = survey.counting(all);
        InMemoryLimit limit = new InMemoryLimit();
        long start = System.nanoTime();
        for (int e = 0; e < order.length; e++) {
            int event = order[e];
            limit.apply(users.getInt(event), items.getInt(event), adds.get(event));
            if ((e & PROGRESS_MASK) == 0) {
                Yardstick.progress(e);
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                Locale.ROOT,
                "{\"events\": %d, \"interactions\": %d, \"pair_updates\": %d, \"distinct_pairs\": %d,"
                        + " \"events_to_mark\": %d, \"seconds\": %.3f}%n",
                all.length,
                survey.interactions(),
                limit.pairUpdates(),
                limit.distinctPairs(),
                survey.marked(),
                seconds);
        return 0;
    }

    /**
     * What is known before the clock starts.
     *
     * @param interactions live pairs at the end
     * @param marked events after which {@link #mark} pair updates are done without cuts
     */
    private record Survey(long interactions, long marked, LongPredicate counts, LongUnaryOperator pairOf) {

        int[] counting(int[] events) {
            return counts == null
                    ? events
                    : Arrays.stream(events)
                            .filter(event -> counts.test(pairOf.applyAsLong(event)))
                            .toArray();
        }
    }

    private long pair(long event) {
        return (long) users.getInt((int) event) << 32 | items.getInt((int) event);
    }

    private Survey survey(int[] order) {
        LongOpenHashSet live = new LongOpenHashSet();
        int[] degrees = new int[userIds.size()];
        int[] popularity = new int[itemIds.size()];
        long pairUpdates = 0;
        long marked = -1;
        for (int e = 0; e < order.length; e++) {
            int user = users.getInt(order[e]);
            int item = items.getInt(order[e]);
            boolean add = adds.get(order[e]);
            if (add ? live.add(pair(order[e])) : live.remove(pair(order[e]))) {
                degrees[user] += add ? 1 : -1;
                popularity[item] += add ? 1 : -1;
                pairUpdates += 2L * (degrees[user] + popularity[item] - (add ? 2 : 0));
            }
            if (marked < 0 && pairUpdates >= mark) {
                marked = e + 1L;
            }
        }
        return new Survey(live.size(), marked < 0 ? order.length : marked, counts(live), this::pair);
    }

    /** Which pairs are left after the cuts; null for all. */
    private LongPredicate counts(LongOpenHashSet live) {
        GraphSettings settings = GraphSettings.DEFAULT.withCuts(
                GraphSettings.limit("--f-max", fMax), GraphSettings.limit("--k-max", kMax));
        if (!settings.cuts()) {
            return null;
        }
        String[] userOf = names(userIds);
        String[] itemOf = names(itemIds);
        List<LiveInteraction> pairs = new ArrayList<>(live.size());
        live.forEach(pair -> pairs.add(new LiveInteraction(
                userOf[(int) (pair >>> 32)], itemOf[(int) pair], true, "", 1.0, Instant.EPOCH, 0, 0L)));
        LongOpenHashSet left = new LongOpenHashSet();
        for (LiveInteraction pair : Cuts.apply(pairs, settings)) {
            left.add((long) userIds.getInt(pair.getUser()) << 32 | itemIds.getInt(pair.getItem()));
        }
        return left::contains;
    }

    private static String[] names(Object2IntOpenHashMap<String> ids) {
        String[] names = new String[ids.size()];
        ids.object2IntEntrySet().forEach(entry -> names[entry.getIntValue()] = entry.getKey());
        return names;
    }

    private void read() {
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            SchemaTopic.load(consumer);
            TopicScan.assign(consumer, Topic.INTERACTIONS.name());
            TopicScan.toEnd(consumer, this::add);
        }
    }

    private void add(ConsumerRecord<byte[], byte[]> record) {
        Interaction event;
        try {
            event = Topic.INTERACTIONS.codec().decode(record.value());
            Intake.check(record.key(), event, record.timestamp());
        } catch (BadRecordException e) {
            // The graph job writes it to the dead letters; it counts for nobody.
            return;
        }
        users.add(userIds.computeIfAbsent(event.getUser(), id -> userIds.size()));
        items.add(itemIds.computeIfAbsent(event.getItem(), id -> itemIds.size()));
        adds.set(times.size(), !Intake.isRemoval(event));
        times.add(event.getEventTime().toEpochMilli());
        partitions.add(record.partition());
    }

    /** The events by (event time, partition, offset): each is then the last writer so far. */
    private int[] inOrder() {
        int[] order = new int[times.size()];
        for (int e = 0; e < order.length; e++) {
            order[e] = e;
        }
        // Within a partition, the order of reading is that of the offsets.
        IntArrays.mergeSort(order, (a, b) -> {
            int byTime = Long.compare(times.getLong(a), times.getLong(b));
            if (byTime != 0) {
                return byTime;
            }
            int byPartition = Integer.compare(partitions.getInt(a), partitions.getInt(b));
            return byPartition != 0 ? byPartition : Integer.compare(a, b);
        });
        return order;
    }
}

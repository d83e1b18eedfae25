package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.send.Bars;
import dev.freshet.schema.Interaction;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ProgressBar;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends interactions at a rate, each when it is due, and follows what comes of them. Users take turns in a shuffled order, items are
 * drawn; on a new state both come out the same every time.
 */
final class FreshnessBench implements AutoCloseable {

    private static final int DRAWS = 1000;
    private static final Duration START = Duration.ofMinutes(10);
    private static final Duration DRAIN = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(50);

    private final PreparedLoop loop;
    private final Random random;
    /** Places of the users in the loop's list, shuffled. */
    private final List<Integer> users;

    private final Producer<byte[], byte[]> producer;
    private final ListReader lists;
    private final GraphReader graphs;
    private int turn;

    FreshnessBench(PreparedLoop loop) {
        this.loop = loop;
        this.random = new Random(loop.interactions());
        this.users =
                new ArrayList<>(IntStream.range(0, loop.users().size()).boxed().toList());
        Collections.shuffle(users, random);
        String bootstrap = loop.cluster().bootstrapServers();
        this.producer = new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        ProducerConfig.COMPRESSION_TYPE_CONFIG,
                        "lz4"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        this.lists = new ListReader(bootstrap);
        this.graphs = new GraphReader(bootstrap);
    }

    /**
     * Measures at one rate after the other.
     *
     * @param rates interactions a second
     * @param seconds time at each
     * @param warmUp seconds at the first rate before, which are not counted
     */
    List<FreshnessResult.Run> run(List<Integer> rates, int seconds, int warmUp)
            throws CliException, ClusterException, InterruptedException {
        for (int rate : rates) {
            if (users.size() * 1000L < rate) {
                throw new CliException("a rate of " + rate + " a second needs more than " + users.size()
                        + " users to tell events apart");
            }
        }
        long total = rates.stream().mapToLong(rate -> (long) rate * seconds).sum() + (long) rates.get(0) * warmUp;
        List<FreshnessResult.Run> runs = new ArrayList<>();
        try (ProgressBar bar = Bars.open("Measuring", total, "events")) {
            // After a start, the graph job's first checkpoint may take long.
            measure(rates.get(0), warmUp, START, bar);
            for (int rate : rates) {
                runs.add(measure(rate, seconds, DRAIN, bar));
            }
        }
        return runs;
    }

    private FreshnessResult.Run measure(int rate, int seconds, Duration patience, ProgressBar bar)
            throws CliException, ClusterException, InterruptedException {
        SentEvents sent = new SentEvents();
        lists.follow(sent);
        graphs.follow(sent);
        Map<Part, Long> before = loop.cpuNanos();
        double took = send(rate, Math.multiplyExact(rate, seconds), sent, bar);
        long deadline = System.nanoTime() + patience.toNanos();
        while (System.nanoTime() < deadline && !sent.allRead()) {
            loop.checkCluster();
            lists.check();
            graphs.check();
            Thread.sleep(POLL.toMillis());
        }
        Map<Part, Double> cpuMillis = new EnumMap<>(Part.class);
        loop.cpuNanos().forEach((part, nanos) -> cpuMillis.put(part, (nanos - before.get(part)) / 1e6 / sent.size()));
        return new FreshnessResult.Run(
                rate,
                sent.size() / took,
                sent.size(),
                sent.listsAwaited(),
                sent.recommendations(),
                sent.neighbors(),
                cpuMillis);
    }

    /** Sends all at their times; the seconds that it took. */
    private double send(int rate, int events, SentEvents sent, ProgressBar bar)
            throws CliException, InterruptedException {
        long start = System.nanoTime();
        Instant wall = Instant.now();
        for (int event = 0; event < events; event++) {
            long after = (long) (event * 1e9 / rate);
            for (long left; (left = start + after - System.nanoTime()) > 0; ) {
                LockSupport.parkNanos(left);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
            int number = users.get(turn++ % users.size());
            String user = loop.users().get(number);
            Instant at = Instant.ofEpochMilli(wall.toEpochMilli() + TimeUnit.NANOSECONDS.toMillis(after));
            int item = newItem(number);
            sent.sending(user, at, loop.items().get(item), loop.degree(item), start + after);
            send(user, loop.items().get(item), at);
            bar.step();
        }
        try {
            producer.flush();
        } catch (KafkaException e) {
            throw new CliException("the broker did not take the events: " + e.getMessage(), e);
        }
        return (System.nanoTime() - start) / 1e9;
    }

    /** An item that the user has not yet: a pair that is there already changes no graph, and nothing could be waited for. */
    private int newItem(int user) {
        int item = random.nextInt(loop.items().size());
        for (int draw = 0; draw < DRAWS && !loop.addPair(user, item); draw++) {
            item = random.nextInt(loop.items().size());
        }
        return item;
    }

    private void send(String user, String item, Instant at) throws CliException {
        Interaction interaction = Interaction.newBuilder()
                .setUser(user)
                .setItem(item)
                .setAction("view")
                .setEventTime(at)
                .build();
        try {
            producer.send(new ProducerRecord<>(
                    Topic.INTERACTIONS.name(),
                    user.getBytes(StandardCharsets.UTF_8),
                    Topic.INTERACTIONS.codec().encode(interaction)));
        } catch (KafkaException e) {
            throw new CliException("the broker did not take an event: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        lists.close();
        graphs.close();
        producer.close(Duration.ofSeconds(5));
    }
}

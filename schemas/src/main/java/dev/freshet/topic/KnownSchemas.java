package dev.freshet.topic;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.avro.Schema;
import org.apache.avro.message.SchemaStore;
import org.apache.kafka.clients.consumer.Consumer;

/**
 * The schemas that this process knows. Where it {@link #follow follows} the topic, an unknown fingerprint is looked for in what
 * was published since, so that a schema that is published before its first value is always found. A fingerprint that is asked for again
 * and again in vain is garbage: it is looked for but once in a while, since every search costs the broker's time. Thread-safe.
 */
final class KnownSchemas implements SchemaStore {

    /** Searches in vain after which a fingerprint rests. */
    static final int SEARCHES = 10;

    /** How long it rests. */
    static final Duration REST = Duration.ofSeconds(1);

    /** Fingerprints that are remembered as unknown. */
    private static final int MAX_UNKNOWN = 1000;

    /**
     * A fingerprint that was looked for in vain.
     *
     * @param searches how often
     * @param at when last, on the clock
     */
    private record Unknown(int searches, long at) {}

    private final LongSupplier nanos;
    private final Map<Long, Unknown> unknown = Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Unknown> eldest) {
            return size() > MAX_UNKNOWN;
        }
    });
    private final SchemaStore.Cache schemas = new SchemaStore.Cache();
    private SchemaReader reader;
    private String followed;

    /** @param nanos a clock, in nanoseconds */
    KnownSchemas(LongSupplier nanos) {
        this.nanos = nanos;
    }

    @Override
    public Schema findByFingerprint(long fingerprint) {
        Schema schema = schemas.findByFingerprint(fingerprint);
        return schema != null || rests(fingerprint) ? schema : searchAgain(fingerprint);
    }

    private boolean rests(long fingerprint) {
        Unknown before = unknown.get(fingerprint);
        return before != null && before.searches >= SEARCHES && nanos.getAsLong() - before.at < REST.toNanos();
    }

    private synchronized Schema searchAgain(long fingerprint) {
        if (reader != null) {
            reader.readToEnd(schemas::addSchema);
        }
        Schema schema = schemas.findByFingerprint(fingerprint);
        if (schema == null) {
            unknown.merge(
                    fingerprint,
                    new Unknown(1, nanos.getAsLong()),
                    (before, now) -> new Unknown(Math.min(before.searches + 1, SEARCHES), now.at));
        } else {
            unknown.remove(fingerprint);
        }
        return schema;
    }

    /**
     * Reads the topic to its end now, and goes on from there when a schema is missing.
     *
     * @param bootstrap whose topic it is; what is followed already is read on
     */
    synchronized void follow(String bootstrap, Supplier<Consumer<byte[], byte[]>> consumers) {
        if (!bootstrap.equals(followed)) {
            if (reader != null) {
                reader.close();
            }
            reader = new SchemaReader(consumers.get());
            followed = bootstrap;
        }
        reader.readToEnd(schemas::addSchema);
    }

    /** Reads the topic once; returns how many schemas it has. */
    int load(Consumer<byte[], byte[]> consumer) {
        return new SchemaReader(consumer).readToEnd(schemas::addSchema);
    }
}

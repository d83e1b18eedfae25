package dev.freshet.topic;

import java.util.function.Supplier;
import org.apache.avro.Schema;
import org.apache.avro.message.SchemaStore;
import org.apache.kafka.clients.consumer.Consumer;

/**
 * The schemas that this process knows. Where it {@link #follow follows} the topic, an unknown fingerprint is looked for in what
 * was published since, so that a schema that is published before its first value is always found. Thread-safe.
 */
final class KnownSchemas implements SchemaStore {

    private final SchemaStore.Cache schemas = new SchemaStore.Cache();
    private SchemaReader reader;
    private String followed;

    @Override
    public Schema findByFingerprint(long fingerprint) {
        Schema schema = schemas.findByFingerprint(fingerprint);
        return schema == null ? searchAgain(fingerprint) : schema;
    }

    private synchronized Schema searchAgain(long fingerprint) {
        if (reader != null) {
            reader.readToEnd(schemas::addSchema);
        }
        return schemas.findByFingerprint(fingerprint);
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

package dev.freshet.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.message.SchemaStore;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecordBase;

/**
 * Confluent's wire format: a byte 0, the 4-byte id of the writer's schema in a registry (big-endian), the binary record. It differs from
 * single-object encoding by the header alone, and single-object encoding is read, too. Thread-safe.
 *
 * @param <T> the generated record
 */
public final class RegistryCodec<T extends SpecificRecordBase> implements RecordCodec<T> {

    private static final int HEADER = 1 + Integer.BYTES;

    private final SchemaRegistry registry;
    private final String subject;
    private final Schema schema;
    private final SchemaStore.Cache writers = new SchemaStore.Cache();
    private final Map<Integer, Long> fingerprints = new ConcurrentHashMap<>();
    private final SingleObjectCodec<T> singleObject;
    private volatile Integer id;

    /**
     * A codec.
     *
     * @param subject under which the schema of {@code type} is registered
     * @param others schemas of what is written in single-object encoding, by fingerprint
     */
    public RegistryCodec(Class<T> type, SchemaRegistry registry, String subject, SchemaStore others) {
        this.registry = registry;
        this.subject = subject;
        this.schema = SpecificData.getForClass(type).getSchema(type);
        this.singleObject = SingleObjectCodec.of(type, fingerprint -> {
            Schema writer = writers.findByFingerprint(fingerprint);
            return writer != null ? writer : others.findByFingerprint(fingerprint);
        });
    }

    /** Whether a value has the length and the first byte of one in this format. */
    static boolean isFramed(byte[] value) {
        return value != null && value.length >= HEADER && value[0] == 0;
    }

    /**
     * Makes sure that the registry has this build's schema.
     *
     * @throws RegistryException if it does not answer, or refuses the schema
     */
    public void register() {
        int own = registry.register(subject, schema);
        fingerprints.put(own, SchemaNormalization.parsingFingerprint64(schema));
        id = own;
    }

    /** @throws RegistryException if the schema is not registered yet, and cannot be */
    @Override
    public byte[] encode(T record) {
        return frame(singleObject.encode(record));
    }

    /**
     * A value in this format.
     *
     * @param value in single-object encoding, as this build writes it
     * @throws RegistryException if the schema is not registered yet, and cannot be
     */
    public byte[] frame(byte[] value) {
        if (id == null) {
            register();
        }
        return ByteBuffer.allocate(HEADER + value.length - SingleObjectCodec.HEADER)
                .put((byte) 0)
                .putInt(id)
                .put(value, SingleObjectCodec.HEADER, value.length - SingleObjectCodec.HEADER)
                .array();
    }

    /** @throws RegistryException if the registry does not say what the writer's schema is */
    @Override
    public T decode(byte[] bytes) throws BadRecordException {
        return singleObject.decode(isFramed(bytes) ? unframed(bytes) : bytes);
    }

    private byte[] unframed(byte[] bytes) throws BadRecordException {
        return ByteBuffer.allocate(SingleObjectCodec.HEADER + bytes.length - HEADER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(SingleObjectCodec.MARKER)
                .put(SingleObjectCodec.FORMAT)
                .putLong(fingerprint(ByteBuffer.wrap(bytes).getInt(1)))
                .put(bytes, HEADER, bytes.length - HEADER)
                .array();
    }

    private long fingerprint(int writerId) throws BadRecordException {
        Long known = fingerprints.get(writerId);
        if (known != null) {
            return known;
        }
        Schema writer = registry.schema(writerId);
        writers.addSchema(writer);
        long fingerprint = SchemaNormalization.parsingFingerprint64(writer);
        fingerprints.put(writerId, fingerprint);
        return fingerprint;
    }
}

package dev.freshet.codec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.io.DatumReader;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.message.SchemaStore;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecordBase;

/**
 * Avro's single-object encoding: {@code C3 01}, the 8-byte CRC-64-AVRO fingerprint of the writer's schema (little-endian),
 * the binary record. Thread-safe.
 *
 * @param <T> the generated record
 */
public final class SingleObjectCodec<T extends SpecificRecordBase> implements RecordCodec<T> {

    static final int HEADER = 10;
    static final byte MARKER = (byte) 0xc3;
    static final byte FORMAT = 1;

    static {
        TrustedRecords.install();
    }

    private final Class<T> type;
    private final SpecificData data;
    private final Schema schema;
    private final BinaryMessageEncoder<T> encoder;
    private final SchemaStore writers;
    private final Map<Long, DatumReader<T>> readers = new ConcurrentHashMap<>();

    private SingleObjectCodec(Class<T> type, SchemaStore writers) {
        this.type = type;
        this.data = SpecificData.getForClass(type);
        this.schema = data.getSchema(type);
        this.encoder = new BinaryMessageEncoder<>(data, schema);
        this.writers = writers;
        readers.put(SchemaNormalization.parsingFingerprint64(schema), reader(schema));
    }

    /** A codec that reads what was written with the schema of {@code type} that this build has. */
    public static <T extends SpecificRecordBase> SingleObjectCodec<T> of(Class<T> type) {
        return of(type, new SchemaStore.Cache());
    }

    /** A codec that also reads what other versions wrote: {@code writers} has their schemas by fingerprint. */
    public static <T extends SpecificRecordBase> SingleObjectCodec<T> of(Class<T> type, SchemaStore writers) {
        return new SingleObjectCodec<>(type, writers);
    }

    @Override
    public byte[] encode(T record) {
        try {
            ByteBuffer buffer = encoder.encode(record);
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The plain Avro binary within what {@link #encode} has returned, as Avro's files hold it. */
    public static ByteBuffer body(byte[] encoded) {
        return ByteBuffer.wrap(encoded, HEADER, encoded.length - HEADER);
    }

    @Override
    public T decode(byte[] bytes) throws BadRecordException {
        if (bytes == null) {
            throw new BadRecordException(name() + ": the value is null; this topic has no tombstones");
        }
        if (bytes.length < HEADER || bytes[0] != MARKER || bytes[1] != FORMAT) {
            throw new BadRecordException(
                    name() + ": not Avro single-object encoding; a value starts with C3 01 and a schema fingerprint"
                            + (RegistryCodec.isFramed(bytes)
                                    ? "; with 00 and a registry's schema id, on the topics of clients where --registry names it"
                                    : ""));
        }
        DatumReader<T> reader =
                readerOf(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(2));
        BoundedDecoder decoder = new BoundedDecoder(bytes, HEADER);
        T record;
        try {
            record = reader.read(null, decoder);
        } catch (IOException | AvroRuntimeException | IndexOutOfBoundsException e) {
            throw new BadRecordException(
                    name() + ": truncated or corrupt Avro (" + e.getMessage() + "); send the record again", e);
        }
        if (decoder.remaining() > 0) {
            throw new BadRecordException(name() + ": corrupt Avro (" + decoder.remaining()
                    + (decoder.remaining() == 1 ? " byte" : " bytes") + " too many); send the record again");
        }
        return record;
    }

    private DatumReader<T> readerOf(long fingerprint) throws BadRecordException {
        DatumReader<T> known = readers.get(fingerprint);
        if (known != null) {
            return known;
        }
        Schema writer = writers.findByFingerprint(fingerprint);
        if (writer == null) {
            throw new BadRecordException(name() + ": unknown writer schema, fingerprint "
                    + String.format(Locale.ROOT, "%016x", fingerprint) + "; publish the schema on the topic schemas");
        }
        DatumReader<T> reader = reader(writer);
        readers.put(fingerprint, reader);
        return reader;
    }

    @SuppressWarnings("unchecked")
    private DatumReader<T> reader(Schema writer) {
        return (DatumReader<T>) data.createDatumReader(writer, schema);
    }

    private String name() {
        return type.getSimpleName();
    }
}

package dev.freshet.graph.snapshot;

import dev.freshet.schema.SnapshotFile;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.io.DatumWriter;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecordBase;

/**
 * Writes one file of a snapshot: an Avro container of zstd blocks, whose bytes depend on its rows and their order alone.
 *
 * @param <T> the rows
 */
public final class SnapshotFileWriter<T extends SpecificRecordBase> implements AutoCloseable {

    private static final int ZSTD_LEVEL = 1;
    private static final int BLOCK_BYTES = 1 << 18;
    private static final byte[] SYNC = new byte[16];

    private final Counter counter;
    private final MessageDigest digest;
    private final DataFileWriter<T> rows;
    private long records;

    /** Writes to {@code out}, which {@link #close} closes. */
    @SuppressWarnings("unchecked")
    public SnapshotFileWriter(Class<T> type, OutputStream out) throws IOException {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        counter = new Counter(new DigestOutputStream(out, digest));
        SpecificData data = SpecificData.getForClass(type);
        rows = new DataFileWriter<>((DatumWriter<T>) data.createDatumWriter(data.getSchema(type)));
        rows.setCodec(CodecFactory.zstandardCodec(ZSTD_LEVEL));
        rows.setSyncInterval(BLOCK_BYTES);
        // A fixed marker instead of a random one, so that equal rows are equal bytes.
        rows.create(data.getSchema(type), counter, SYNC);
    }

    /** Appends a row. */
    public void append(T row) throws IOException {
        rows.append(row);
        records++;
    }

    /** Appends a row that is encoded already, as Avro binary of the rows' schema. */
    public void append(ByteBuffer row) throws IOException {
        rows.appendEncoded(row);
        records++;
    }

    /** Rows so far. */
    public long records() {
        return records;
    }

    @Override
    public void close() throws IOException {
        rows.close();
    }

    /** The closed file's entry in the manifest. */
    public SnapshotFile entry(String content, String path, long sequence, boolean base) {
        return SnapshotFile.newBuilder()
                .setContent(content)
                .setPath(path)
                .setSequence(sequence)
                .setBase(base)
                .setRecords(records)
                .setBytes(counter.bytes)
                .setSha256(HexFormat.of().formatHex(digest.digest()))
                .build();
    }

    private static final class Counter extends FilterOutputStream {
        private long bytes;

        Counter(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            bytes++;
        }

        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
            out.write(buffer, offset, length);
            bytes += length;
        }
    }
}

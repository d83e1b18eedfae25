package dev.freshet.serving.http;

import io.javalin.http.Context;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.zip.GZIPOutputStream;

/**
 * Sends answers as fast as the client reads them, compressed where it takes that. No thread waits for a client that does not read: it would
 * be one of the few that answer.
 */
final class AnswerWriter {

    /** Smaller answers fit into a packet or two as they are. */
    private static final int MIN_COMPRESSED = 1500;

    private static final int CHUNK = 32 * 1024;

    /** The attribute of a request that holds the file to answer with. */
    private static final String FILE = "freshet.file";

    private AnswerWriter() {}

    /** Answers with a file, which is read as it is sent. */
    static void file(Context ctx, Path file) {
        ctx.attribute(FILE, file);
    }

    /** A body, compressed. */
    static byte[] gzip(byte[] body) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream(body.length / 3);
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    /** Whether the client takes gzip. */
    static boolean takesGzip(Context ctx) {
        String accepted = ctx.header("Accept-Encoding");
        return accepted != null
                && Arrays.stream(accepted.toLowerCase(Locale.ROOT).split(","))
                        .map(String::strip)
                        .anyMatch(coding -> coding.matches("gzip(\\s*;.*)?") && !coding.matches(".*;\\s*q=0(\\.0*)?"));
    }

    /** Takes over from Javalin, which would write and wait. Runs after everything else. */
    static void send(Context ctx) throws IOException {
        Path file = ctx.attribute(FILE);
        if (file != null) {
            ctx.attribute(FILE, null);
            send(ctx, Files.newInputStream(file), Files.size(file));
        } else if (ctx.resultInputStream() instanceof ByteArrayInputStream answer && answer.available() > 0) {
            boolean large =
                    answer.available() >= MIN_COMPRESSED && isText(ctx.res().getContentType());
            InputStream body = large ? compressed(ctx, answer) : answer;
            ctx.result(InputStream.nullInputStream());
            send(ctx, body, body.available());
        }
    }

    private static void send(Context ctx, InputStream body, long length) throws IOException {
        ctx.res().setContentLengthLong(length);
        Sending sending = new Sending(body, ctx.res().getOutputStream(), (int) Math.min(length, CHUNK));
        ctx.future(() -> {
            sending.out.setWriteListener(sending);
            return sending.done;
        });
    }

    private static InputStream compressed(Context ctx, InputStream answer) throws IOException {
        ctx.header("Vary", "Accept-Encoding");
        if (ctx.res().containsHeader("Content-Encoding") || !takesGzip(ctx)) {
            return answer;
        }
        ctx.header("Content-Encoding", "gzip");
        return new ByteArrayInputStream(gzip(answer.readAllBytes()));
    }

    private static boolean isText(String type) {
        return type != null && (type.startsWith("text/") || type.contains("json") || type.startsWith("image/svg"));
    }

    /** An answer on its way; called whenever the client has room for more. */
    private static final class Sending implements WriteListener {

        private final InputStream body;
        private final ServletOutputStream out;
        private final CompletableFuture<Void> done = new CompletableFuture<>();
        private final byte[] chunk;

        Sending(InputStream body, ServletOutputStream out, int chunk) {
            this.body = body;
            this.out = out;
            this.chunk = new byte[Math.max(1, chunk)];
        }

        @Override
        public void onWritePossible() throws IOException {
            while (out.isReady()) {
                int read = body.read(chunk);
                if (read < 0) {
                    finish();
                    return;
                }
                out.write(chunk, 0, read);
            }
        }

        /** The client has gone, or has read nothing for as long as a connection may be idle. */
        @Override
        public void onError(Throwable gone) {
            finish();
        }

        private void finish() {
            try {
                body.close();
            } catch (IOException e) {
                // It was read only.
            }
            done.complete(null);
        }
    }
}

package dev.freshet.serving.http;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.http.Context;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The body of a request, a JSON object; what breaks its rule is answered with 400. */
final class JsonBody {

    /** Longest body. */
    static final int MAX_BYTES = 64 << 10;

    /** Longest body that is read to its end though it is refused: who is still sending when the connection closes may lose the answer. */
    private static final int MAX_DRAINED = 1 << 20;

    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final JsonNode node;

    private JsonBody(JsonNode node) {
        this.node = node;
    }

    /**
     * Reads the body as it comes in, without a thread that waits for it, and then goes on with it.
     *
     * @param shape a record: the body may have no other fields
     */
    static void read(Context ctx, Class<?> shape, Consumer<JsonBody> then) {
        if (ctx.contentLength() > MAX_DRAINED) {
            throw tooLarge();
        }
        ctx.future(() -> bytes(ctx).thenAccept(bytes -> then.accept(parse(bytes, shape))));
    }

    private static ProblemException tooLarge() {
        return ProblemException.tooLarge("the body has more than " + MAX_BYTES + " bytes");
    }

    private static CompletableFuture<byte[]> bytes(Context ctx) {
        CompletableFuture<byte[]> whole = new CompletableFuture<>();
        try {
            ServletInputStream in = ctx.req().getInputStream();
            in.setReadListener(new ReadListener() {
                private final ByteArrayOutputStream read = new ByteArrayOutputStream();
                private final byte[] part = new byte[4096];
                private int length;

                @Override
                public void onDataAvailable() throws IOException {
                    while (in.isReady() && !in.isFinished() && !whole.isDone()) {
                        int count = Math.max(0, in.read(part));
                        length += count;
                        // Of a body in chunks nobody says before how long it is.
                        if (length > MAX_DRAINED) {
                            whole.completeExceptionally(tooLarge());
                        } else if (length <= MAX_BYTES) {
                            read.write(part, 0, count);
                        }
                    }
                }

                @Override
                public void onAllDataRead() {
                    if (length > MAX_BYTES) {
                        whole.completeExceptionally(tooLarge());
                    } else {
                        whole.complete(read.toByteArray());
                    }
                }

                @Override
                public void onError(Throwable failure) {
                    whole.completeExceptionally(
                            failure instanceof TimeoutException
                                    ? ProblemException.timeout("the body did not come to its end")
                                    : ProblemException.badRequest("the body ended early"));
                }
            });
        } catch (IOException e) {
            whole.completeExceptionally(e);
        }
        return whole;
    }

    private static JsonBody parse(byte[] bytes, Class<?> shape) {
        Set<String> fields = Arrays.stream(shape.getRecordComponents())
                .map(RecordComponent::getName)
                .collect(Collectors.toCollection(TreeSet::new));
        JsonNode node;
        try {
            node = JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            throw ProblemException.badRequest("the body is no JSON"
                    + (at == null ? "" : ": see line " + at.getLineNr() + ", column " + at.getColumnNr()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (node == null || !node.isObject()) {
            throw ProblemException.badRequest("the body must be a JSON object");
        }
        for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!fields.contains(name)) {
                throw ProblemException.badRequest("the field " + Requests.shortened(name) + " is not known; there are "
                        + String.join(", ", fields));
            }
        }
        return new JsonBody(node);
    }

    /** A text that must be there. */
    String text(String name) {
        String text = text(name, null);
        if (text == null) {
            throw ProblemException.badRequest(name + " is missing");
        }
        return text;
    }

    /** A text, or what stands for it where it is missing or null. */
    String text(String name, String otherwise) {
        JsonNode value = node.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isTextual()) {
            throw ProblemException.badRequest(name + " must be a string");
        }
        return value.textValue();
    }

    /** A number, or what stands for it where it is missing or null. */
    double number(String name, double otherwise) {
        JsonNode value = node.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isNumber()) {
            throw ProblemException.badRequest(name + " must be a number");
        }
        return value.doubleValue();
    }
}

package dev.freshet.serving.http;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.Iterator;
import java.util.Set;
import java.util.TreeSet;

/** The body of a request, a JSON object; what breaks its rule is answered with 400. */
final class JsonBody {

    /** Longest body. */
    static final int MAX_BYTES = 64 << 10;

    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final JsonNode node;

    private JsonBody(JsonNode node) {
        this.node = node;
    }

    /** The body, if it is an object with no other fields than these. */
    static JsonBody of(Context ctx, Set<String> fields) {
        JsonNode node;
        try {
            // The server's own bound goes by Content-Length, which a body in chunks does not have.
            byte[] bytes = ctx.bodyInputStream().readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw ProblemException.tooLarge("the body has more than " + MAX_BYTES + " bytes");
            }
            node = JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            throw ProblemException.badRequest("the body is no JSON"
                    + (at == null ? "" : ": see line " + at.getLineNr() + ", column " + at.getColumnNr()));
        } catch (IOException e) {
            throw ProblemException.badRequest("the body ended early");
        }
        if (node == null || !node.isObject()) {
            throw ProblemException.badRequest("the body must be a JSON object");
        }
        for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!fields.contains(name)) {
                throw ProblemException.badRequest("the field " + Requests.shortened(name) + " is not known; there are "
                        + String.join(", ", new TreeSet<>(fields)));
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

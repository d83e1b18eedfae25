package dev.freshet.cli.demo;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * How far a feed has been sent, and what it is made from, as a file in the state folder. Written only with what the broker
 * has acknowledged: after a crash some events are sent twice, which changes nothing, and none is left out.
 */
final class FeedState {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final ObjectNode content;

    private FeedState(Path file, ObjectNode content) {
        this.file = file;
        this.content = content;
    }

    /** The state of the feed of this name; new if it was never sent here. */
    static FeedState open(Path state, String name) throws IOException {
        Path file = state.resolve("feeds").resolve(name.replaceAll("[^A-Za-z0-9._-]", "_") + ".json");
        if (!Files.isRegularFile(file)) {
            return new FeedState(file, JSON.createObjectNode());
        }
        try {
            JsonNode node = JSON.readTree(Files.readAllBytes(file));
            if (node instanceof ObjectNode object) {
                return new FeedState(file, object);
            }
            throw new IOException(file + " is no JSON object; delete it to send the feed from its beginning");
        } catch (JacksonException e) {
            throw new IOException(file + " is no JSON; delete it to send the feed from its beginning", e);
        }
    }

    /** Events that the broker has. */
    long position() {
        return content.path("position").asLong(0);
    }

    /** A setting as it was at first; null if there is none. */
    String setting(String name) {
        return content.path("settings").path(name).asText(null);
    }

    /** Keeps a setting. */
    void set(String name, Object value) {
        content.withObject("/settings").put(name, value.toString());
    }

    /** Keeps a position. */
    void save(long position) throws IOException {
        content.put("position", position);
        Files.createDirectories(file.getParent());
        Path next = file.resolveSibling(file.getFileName() + ".tmp");
        Files.write(next, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(content));
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}

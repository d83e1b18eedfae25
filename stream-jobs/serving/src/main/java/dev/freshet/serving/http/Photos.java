package dev.freshet.serving.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** Serves the pictures of one folder, and nothing else of the disk. */
final class Photos {

    /** No SVG: it may hold scripts. */
    private static final Map<String, String> TYPES = Map.of(
            "jpg", "image/jpeg",
            "jpeg", "image/jpeg",
            "png", "image/png",
            "gif", "image/gif",
            "webp", "image/webp",
            "avif", "image/avif");

    private final Path folder;

    /** @throws IOException if the folder cannot be read */
    Photos(Path folder) throws IOException {
        this.folder = folder.toRealPath();
    }

    void get(Context ctx) {
        String name = ctx.pathParam("name");
        String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
        try {
            Path file = folder.resolve(name).toRealPath();
            if (type != null && file.startsWith(folder) && Files.isRegularFile(file)) {
                ctx.header("Cache-Control", "max-age=86400");
                ctx.contentType(type);
                ctx.result(Files.newInputStream(file));
                return;
            }
        } catch (IOException | InvalidPathException e) {
            // As good as not there.
        }
        throw ProblemException.notFound("there is no picture " + name);
    }
}

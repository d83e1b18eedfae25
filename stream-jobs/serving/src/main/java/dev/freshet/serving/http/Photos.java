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

    private static final Parameter<String> NAME = Parameter.name("name", "the picture's name in the folder");

    private final Path folder;

    /** @throws IOException if the folder cannot be read */
    Photos(Path folder) throws IOException {
        this.folder = folder.toRealPath();
    }

    void register(Routes.Section routes) {
        routes.get("/photos/<name>", "A picture of the folder that --photos names")
                .with(NAME)
                .answers("image/*")
                .problems(404)
                .by(this::get);
    }

    private void get(Context ctx) {
        String name = NAME.of(ctx);
        String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
        try {
            Path file = folder.resolve(name).toRealPath();
            if (type != null && file.startsWith(folder) && Files.isRegularFile(file)) {
                ctx.header("Cache-Control", "private, max-age=86400");
                ctx.contentType(type);
                // Pictures are large: what tells them apart is when they were written.
                String tag = "W/\"" + Files.getLastModifiedTime(file).toMillis() + "-" + Files.size(file) + "\"";
                if (!EntityTags.unchanged(ctx, tag)) {
                    AnswerWriter.file(ctx, file);
                }
                return;
            }
        } catch (IOException | InvalidPathException e) {
            // As good as not there.
        }
        throw ProblemException.notFound("there is no picture " + name);
    }
}

package dev.freshet.serving.http;

import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * The files of the page, in memory. Tagged by what they hold: of an archive that is built reproducibly, the times of its entries say
 * nothing.
 */
final class PageFiles {

    private static final String INDEX = "index.html";
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "svg", "image/svg+xml");

    private final Map<String, byte[]> files = new TreeMap<>();

    /** @throws IOException if the files cannot be read */
    PageFiles() throws IOException {
        URL index = PageFiles.class.getResource("/page/" + INDEX);
        try {
            if (index.openConnection() instanceof JarURLConnection inside) {
                Path jar = Path.of(inside.getJarFileURL().toURI());
                try (FileSystem archive = FileSystems.newFileSystem(jar)) {
                    read(archive.getPath("/page"));
                }
            } else {
                read(Path.of(index.toURI()).getParent());
            }
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private void read(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
                files.put(folder.relativize(file).toString().replace('\\', '/'), Files.readAllBytes(file));
            }
        }
    }

    /** Every path and who answers it. */
    void forEach(BiConsumer<String, Handler> each) {
        files.forEach((name, content) -> {
            String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
            String tag = EntityTags.of(content);
            byte[] packed = AnswerWriter.gzip(content);
            Handler handler = ctx -> answer(ctx, content, packed, type, tag);
            each.accept("/" + name, handler);
            if (name.equals(INDEX)) {
                each.accept("/", handler);
            }
        });
    }

    private static void answer(Context ctx, byte[] content, byte[] packed, String type, String tag) {
        ctx.header("Cache-Control", "no-cache");
        if (!EntityTags.unchanged(ctx, tag)) {
            ctx.contentType(type);
            boolean gzip = AnswerWriter.takesGzip(ctx);
            if (gzip) {
                ctx.header("Content-Encoding", "gzip");
            }
            ctx.result(gzip ? packed : content);
        }
    }
}

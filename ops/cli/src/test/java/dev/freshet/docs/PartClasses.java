package dev.freshet.docs;

import dev.freshet.process.Installation;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Classes of a part as it was built, with those of this package: part by part, as their libraries do not go together. */
final class PartClasses {

    private PartClasses() {}

    /** @param part folder of its jars */
    static URLClassLoader load(String part) throws IOException {
        List<URL> path = new ArrayList<>();
        path.add(url(Path.of("target", "test-classes")));
        try (Stream<Path> jars = Files.list(Installation.find().jars(part))) {
            jars.filter(jar -> jar.toString().endsWith(".jar"))
                    .map(PartClasses::url)
                    .forEach(path::add);
        }
        return new URLClassLoader(path.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }

    private static URL url(Path file) {
        try {
            return file.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalStateException(e);
        }
    }
}

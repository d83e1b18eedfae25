package dev.freshet.process;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the built parts lie: {@code <home>/target/freshet/<part>/*.jar}. */
public final class Installation {

    /** System property with the home folder, the root of the checkout. */
    public static final String HOME_PROPERTY = "freshet.home";

    private final Path home;

    private Installation(Path home) {
        this.home = home;
    }

    /**
     * The installation that the system property names, or else the one above the working directory.
     *
     * @throws IllegalStateException with a remedy if there is none
     */
    public static Installation find() {
        String property = System.getProperty(HOME_PROPERTY);
        if (property != null && !property.isEmpty()) {
            return new Installation(Path.of(property).toAbsolutePath().normalize());
        }
        Path start = Path.of("").toAbsolutePath();
        for (Path folder = start; folder != null; folder = folder.getParent()) {
            if (Files.isRegularFile(folder.resolve("mvnw")) && Files.isDirectory(folder.resolve("schemas"))) {
                return new Installation(folder);
            }
        }
        throw new IllegalStateException("no Freshet checkout at or above " + start + "; set the system property "
                + HOME_PROPERTY + " to its root");
    }

    /** The root of the checkout. */
    public Path home() {
        return home;
    }

    /**
     * The folder with the jars of a part.
     *
     * @throws IllegalStateException with a remedy if it is not built
     */
    public Path jars(String part) {
        Path folder = home.resolve("target").resolve("freshet").resolve(part);
        boolean built = false;
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "*.jar")) {
                built = jars.iterator().hasNext();
            } catch (IOException e) {
                throw new IllegalStateException("cannot read " + folder + ": " + e.getMessage(), e);
            }
        }
        if (!built) {
            throw new IllegalStateException("the part " + part + " is not built: no jars in " + folder
                    + "; run ./mvnw package -DskipTests in " + home);
        }
        return folder;
    }
}

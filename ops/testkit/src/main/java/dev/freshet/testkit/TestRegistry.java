package dev.freshet.testkit;

import dev.freshet.process.Installation;
import dev.freshet.process.Leash;
import dev.freshet.process.Ports;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/** A schema registry for tests: Apicurio's, in a process of its own that ends with this JVM. It needs Java 21, which Freshet does not. */
public final class TestRegistry {

    private static final int JAVA = 21;
    private static final Path JVMS = Path.of("/usr/lib/jvm");
    private static final Duration START_TIMEOUT = Duration.ofMinutes(3);

    private static TestRegistry shared;

    private final String address;

    private TestRegistry(String address) {
        this.address = address;
    }

    /** The registry of this JVM, which answers; empty where there is no Java to run it. */
    public static synchronized Optional<TestRegistry> shared() {
        if (shared == null) {
            Optional<Path> java = java();
            if (java.isEmpty()) {
                return Optional.empty();
            }
            try {
                shared = start(java.get());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        return Optional.of(shared);
    }

    private static Optional<Path> java() {
        if (Runtime.version().feature() >= JAVA) {
            return Optional.of(Path.of(System.getProperty("java.home"), "bin", "java"));
        }
        if (!Files.isDirectory(JVMS)) {
            return Optional.empty();
        }
        try (Stream<Path> folders = Files.list(JVMS)) {
            return folders.filter(folder -> version(folder) >= JAVA)
                    .map(folder -> folder.resolve("bin").resolve("java"))
                    .filter(Files::isExecutable)
                    .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int version(Path jvm) {
        Properties release = new Properties();
        try (InputStream in = Files.newInputStream(jvm.resolve("release"))) {
            release.load(in);
            return Runtime.Version.parse(release.getProperty("JAVA_VERSION").replace("\"", ""))
                    .feature();
        } catch (IOException | IllegalArgumentException | NullPointerException e) {
            return 0;
        }
    }

    private static TestRegistry start(Path java) throws IOException, InterruptedException {
        Path home = Installation.find().home().resolve("target").resolve("test-registry");
        Path log = Files.createTempFile("freshet-registry-", ".log");
        log.toFile().deleteOnExit();
        int[] ports = Ports.free(2);
        int port = ports[0];
        Process process = new ProcessBuilder(
                        java.toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-Dquarkus.http.host=127.0.0.1",
                        "-Dquarkus.http.port=" + port,
                        "-Dquarkus.management.host=127.0.0.1",
                        "-Dquarkus.management.port=" + ports[1],
                        "-cp",
                        home.resolve("lib").resolve("boot") + File.separator + "*" + File.pathSeparator + leash(),
                        Leash.class.getName(),
                        "io.quarkus.bootstrap.runner.QuarkusEntryPoint")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        String address = "http://127.0.0.1:" + port + "/apis/ccompat/v7";
        Instant deadline = Instant.now().plus(START_TIMEOUT);
        while (!answers(address)) {
            if (!process.isAlive() || Instant.now().isAfter(deadline)) {
                process.destroyForcibly();
                List<String> lines = Files.readAllLines(log);
                throw new IllegalStateException("the schema registry did not start:\n  "
                        + String.join("\n  ", lines.subList(Math.max(0, lines.size() - 20), lines.size())));
            }
            Thread.sleep(100);
        }
        return new TestRegistry(address);
    }

    private static Path leash() {
        try {
            return Path.of(Leash.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean answers(String address) throws InterruptedException {
        try {
            return HttpClient.newHttpClient()
                            .send(
                                    HttpRequest.newBuilder(URI.create(address + "/subjects"))
                                            .timeout(Duration.ofSeconds(5))
                                            .build(),
                                    HttpResponse.BodyHandlers.discarding())
                            .statusCode()
                    == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** What the paths of its Confluent-compatible interface begin with. */
    public String address() {
        return address;
    }
}

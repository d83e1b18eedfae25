package dev.freshet.testkit;

import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import dev.freshet.process.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The embedded broker as a process on free ports, its log in a folder that goes with the JVM. */
final class ProcessBroker {

    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final int ATTEMPTS = 3;

    private ProcessBroker() {}

    static String start() {
        Path jars = Installation.find().jars("broker");
        try {
            Path build = Path.of("target");
            Path folder = Files.isDirectory(build)
                    ? Files.createTempDirectory(build.toAbsolutePath(), "kafka-")
                    : Files.createTempDirectory("freshet-kafka-");
            for (int attempt = 1; ; attempt++) {
                int[] ports = Ports.free(2);
                JavaProcess broker = JavaProcess.start(
                        jars,
                        List.of(),
                        "dev.freshet.broker.BrokerMain",
                        List.of(
                                "--dir", folder.resolve("log").toString(),
                                "--port", Integer.toString(ports[0]),
                                "--controller-port", Integer.toString(ports[1])),
                        folder.resolve("broker.log"));
                if (awaitReady(broker)) {
                    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(broker, folder), "kafka-end"));
                    broker.archiveClasses(0).join();
                    return "127.0.0.1:" + ports[0];
                }
                broker.kill();
                if (attempt == ATTEMPTS) {
                    throw new IllegalStateException(
                            "the broker did not start:\n  " + String.join("\n  ", broker.tail(20)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static boolean awaitReady(JavaProcess broker) throws InterruptedException {
        Instant deadline = Instant.now().plus(START_TIMEOUT);
        while (broker.isAlive() && Instant.now().isBefore(deadline)) {
            if (broker.tail(50).stream().anyMatch(line -> line.contains("BrokerMain: ready on"))) {
                return true;
            }
            Thread.sleep(50);
        }
        return false;
    }

    private static void end(JavaProcess broker, Path folder) {
        broker.kill();
        try {
            broker.waitFor();
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            System.err.println("cannot delete " + folder + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

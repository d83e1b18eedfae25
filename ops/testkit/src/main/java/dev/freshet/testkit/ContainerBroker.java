package dev.freshet.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/** A broker in a container by Testcontainers, which takes it away when the JVM is gone. */
final class ContainerBroker {

    private static final long PING_SECONDS = 2;
    private static final long START_SECONDS = 120;

    private ContainerBroker() {}

    /** The address of a started broker; empty if no Docker engine answers at once, or it cannot run the image. */
    static Optional<String> start() {
        if (!engineAnswers()) {
            return Optional.empty();
        }
        try {
            return Optional.of(within(START_SECONDS, ContainerBroker::startContainer));
        } catch (ExecutionException | TimeoutException e) {
            Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
            System.err.println("no Kafka container (" + cause + "); the embedded broker takes its place");
            return Optional.empty();
        }
    }

    private static String startContainer() {
        KafkaContainer container = new KafkaContainer(DockerImageName.parse(image()))
                .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
                .withEnv("KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS", "1000")
                .withEnv("KAFKA_MESSAGE_MAX_BYTES", Integer.toString(8 << 20));
        container.start();
        return container.getBootstrapServers();
    }

    private static String image() {
        Properties properties = new Properties();
        try (InputStream in = ContainerBroker.class.getResourceAsStream("testkit.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("kafka.image");
    }

    /** Whether a Docker engine answers a ping at one of the usual addresses; Testcontainers' own search can take minutes. */
    private static boolean engineAnswers() {
        for (SocketAddress address : addresses()) {
            try {
                if (within(PING_SECONDS, () -> ping(address))) {
                    return true;
                }
            } catch (ExecutionException | TimeoutException e) {
                // No engine here.
            }
        }
        return false;
    }

    private static List<SocketAddress> addresses() {
        String host = System.getenv("DOCKER_HOST");
        List<SocketAddress> addresses = new ArrayList<>();
        if (host != null && host.startsWith("unix://")) {
            addresses.add(UnixDomainSocketAddress.of(host.substring("unix://".length())));
        } else if (host != null) {
            URI uri = URI.create(host);
            if (uri.getHost() != null && uri.getPort() > 0) {
                addresses.add(new InetSocketAddress(uri.getHost(), uri.getPort()));
            }
        } else {
            String home = System.getProperty("user.home");
            for (Path socket : List.of(
                    Path.of("/var/run/docker.sock"),
                    Path.of(home, ".docker", "run", "docker.sock"),
                    Path.of(home, ".docker", "desktop", "docker.sock"))) {
                if (Files.exists(socket)) {
                    addresses.add(UnixDomainSocketAddress.of(socket));
                }
            }
        }
        return addresses;
    }

    private static boolean ping(SocketAddress address) throws IOException {
        try (SocketChannel channel = SocketChannel.open(address)) {
            channel.write(StandardCharsets.US_ASCII.encode(
                    "GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"));
            ByteBuffer answer = ByteBuffer.allocate(64);
            while (answer.hasRemaining() && channel.read(answer) >= 0) {}
            return StandardCharsets.US_ASCII.decode(answer.flip()).toString().contains(" 200 ");
        }
    }

    private static <T> T within(long seconds, Callable<T> work) throws ExecutionException, TimeoutException {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task, "docker");
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(seconds, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            thread.interrupt();
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

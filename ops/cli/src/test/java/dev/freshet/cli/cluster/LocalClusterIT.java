package dev.freshet.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.cli.cluster.PartStatus.State;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalClusterIT {

    private static final Set<Part> BROKER = EnumSet.of(Part.BROKER);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private final List<State> states = new CopyOnWriteArrayList<>();

    /** One cluster for all that a running one shows: a start takes seconds. */
    @Test
    void startsABrokerWithTheTopicsOnceAndAgainWhenItIsKilledAndStopsIt() throws Exception {
        leaveAStaleRunFile();
        assertThat(RunFile.running(folder)).isEmpty();
        ProcessHandle broker;
        try (LocalCluster cluster = start(options())) {
            assertThat(cluster.admin().listTopics().names().get(60, TimeUnit.SECONDS))
                    .containsAll(Topic.all().keySet())
                    .contains(SchemaTopic.NAME);
            broker = cluster.process(Part.BROKER).orElseThrow();
            RunFile.Content content = RunFile.running(folder).orElseThrow();
            assertThat(content.pid()).isEqualTo(ProcessHandle.current().pid());
            assertThat(content.bootstrapServers()).isEqualTo(cluster.bootstrapServers());
            assertThat(content.parts().get("broker").pid()).isEqualTo(broker.pid());

            refusesASecondOnTheSameFolder(cluster);
            broker = startsItAgainWhenItIsKilled(cluster);
        }
        assertThat(broker.isAlive()).isFalse();
        assertThat(RunFile.running(folder)).isEmpty();
        assertThat(states)
                .containsExactly(
                        State.STARTING, State.READY, State.RESTARTING, State.STARTING, State.READY, State.STOPPED);
        // The folder is free again.
        RunFile.acquire(folder, new RunFile.Content(1, Instant.now().toString(), "", "", "", Map.of(), Map.of()))
                .orElseThrow()
                .close();
    }

    private void leaveAStaleRunFile() throws IOException {
        Files.createDirectories(folder.resolve("run"));
        Files.writeString(
                folder.resolve("run/cluster.json"),
                "{\"pid\": 1, \"startedAt\": \"2026-01-01T00:00:00Z\", \"bootstrapServers\": \"127.0.0.1:1\","
                        + " \"serving\": \"\", \"flink\": \"\", \"parts\": {\"broker\": {\"state\": \"READY\","
                        + " \"pid\": 1, \"restarts\": 0, \"startMillis\": 1}}}");
        Files.writeString(folder.resolve("run/lock"), "");
    }

    private void refusesASecondOnTheSameFolder(LocalCluster first) {
        assertThatThrownBy(() -> start(options()))
                .isInstanceOf(ClusterException.class)
                .hasMessageContaining("already runs on " + folder)
                .hasMessageContaining("freshet down");
        assertThat(first.status(Part.BROKER).state()).isEqualTo(State.READY);
    }

    private static ProcessHandle startsItAgainWhenItIsKilled(LocalCluster cluster) throws InterruptedException {
        long before = cluster.process(Part.BROKER).orElseThrow().pid();

        cluster.kill(Part.BROKER);

        await(() -> cluster.status(Part.BROKER).restarts() == 1
                && cluster.status(Part.BROKER).state() == State.READY);
        ProcessHandle broker = cluster.process(Part.BROKER).orElseThrow();
        assertThat(broker.pid()).isNotEqualTo(before);
        assertThat(cluster.failure()).isEmpty();
        return broker;
    }

    @Test
    void givesUpAPartThatDoesNotTakeItsArguments() {
        assertThatThrownBy(() -> start(options().with(Part.BROKER, "--no-such-option")))
                .isInstanceOf(ClusterException.class)
                .hasMessageContaining("broker exited with code 2")
                .hasMessageContaining("--no-such-option")
                .hasMessageContaining("broker.log");
    }

    @Test
    void refusesATakenPortAndNamesTheOption() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ClusterOptions free = options();

            assertThatThrownBy(() -> start(free.withPorts(
                            socket.getLocalPort(), free.controllerPort(), free.flinkPort(), free.httpPort())))
                    .isInstanceOf(ClusterException.class)
                    .hasMessageContaining("port " + socket.getLocalPort())
                    .hasMessageContaining("--kafka-port");
        }
        assertThat(RunFile.running(folder)).isEmpty();
    }

    @Test
    void aRefusedStartRemembersTheProcessesOfAnEarlierCluster() throws Exception {
        Process earlier = new ProcessBuilder("sleep", "600").start();
        try {
            RunFile.Content content = new RunFile.Content(
                    earlier.pid(),
                    Instant.now().toString(),
                    "127.0.0.1:1",
                    "",
                    "",
                    Map.of("broker", new PartStatus(State.READY, earlier.pid(), 0, 1, null)),
                    Map.of());
            RunFile.acquire(folder, content).orElseThrow().close();
            assertThat(RunFile.read(folder)).isEmpty();

            // As a killed cluster leaves it; the lock is free.
            RunFile killed = RunFile.acquire(folder, content).orElseThrow();
            Files.copy(folder.resolve("run/cluster.json"), folder.resolve("left.json"));
            killed.close();
            Files.copy(folder.resolve("left.json"), folder.resolve("run/cluster.json"));
            RunFile refused = RunFile.acquire(
                            folder, new RunFile.Content(1, content.startedAt(), "", "", "", Map.of(), Map.of()))
                    .orElseThrow();
            assertThat(RunFile.running(folder).orElseThrow().parts()).isEmpty();
            refused.close();

            RunFile next = RunFile.acquire(
                            folder, new RunFile.Content(2, content.startedAt(), "", "", "", Map.of(), Map.of()))
                    .orElseThrow();
            assertThat(next.earlier()).containsExactly(Map.entry("broker", earlier.pid()));
            next.forgetEarlier();
            next.close();
            assertThat(RunFile.read(folder)).isEmpty();
        } finally {
            earlier.destroyForcibly();
        }
    }

    @Test
    void aPidThatAnotherProcessHasNowIsNoOwner() throws Exception {
        Process other = new ProcessBuilder("sleep", "600").start();
        try {
            assertThat(new RunFile.Content(
                                    other.pid(),
                                    Instant.now().plusSeconds(60).toString(),
                                    "",
                                    "",
                                    "",
                                    Map.of(),
                                    Map.of())
                            .owner())
                    .isEmpty();
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void questionsDoNotDisturbAStart() throws Exception {
        AtomicBoolean asking = new AtomicBoolean(true);
        Thread questions = new Thread(() -> {
            while (asking.get()) {
                try {
                    RunFile.running(folder);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        RunFile.Content content =
                new RunFile.Content(1, Instant.now().toString(), "127.0.0.1:1", "", "", Map.of(), Map.of());
        questions.start();
        try {
            for (int i = 0; i < 20; i++) {
                try (RunFile held = RunFile.acquire(folder, content).orElseThrow()) {
                    assertThat(RunFile.running(folder)).isPresent();
                    // Another process sees the lock.
                    assertThat(lockIsFree()).isFalse();
                }
            }
        } finally {
            asking.set(false);
            questions.join();
        }
        assertThat(lockIsFree()).isTrue();
    }

    /** As the kernel sees it: a process does not see its own lock by trying. */
    private boolean lockIsFree() throws IOException {
        Path locks = Path.of("/proc/locks");
        assumeTrue(Files.isReadable(locks), "needs /proc/locks");
        String inode = ":" + Files.getAttribute(folder.resolve("run/lock"), "unix:ino") + " ";
        return Files.readAllLines(locks).stream().noneMatch(line -> line.contains(inode));
    }

    private ClusterOptions options() {
        return ClusterOptions.in(folder).withFreePorts();
    }

    private LocalCluster start(ClusterOptions options) throws Exception {
        return LocalCluster.start(options, BROKER, (part, status) -> states.add(status.state()));
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!condition.getAsBoolean()) {
            assertThat(Instant.now()).isBefore(deadline);
            Thread.sleep(50);
        }
    }
}

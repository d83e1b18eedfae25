package dev.freshet.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class LeashTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int SCHED_IDLE = 5;

    @TempDir
    private Path folder;

    /** Starts a child that sleeps, and writes its pid to a file. */
    public static final class Starter {
        public static void main(String[] args) throws Exception {
            JavaProcess child = JavaProcess.start(
                    Path.of(args[0]),
                    List.of(),
                    Sleeper.class.getName(),
                    List.of(args[1]),
                    Path.of(args[1], "child.log"));
            Files.writeString(Path.of(args[1], "child.pid"), Long.toString(child.pid()));
            Thread.sleep(600_000);
        }
    }

    /** Says when it runs and when it is asked to end. */
    public static final class Sleeper {
        public static void main(String[] args) throws Exception {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("ending")));
            System.out.println("running");
            Thread.sleep(600_000);
        }
    }

    /** Ends with the exit code that it is told. */
    public static final class Quitter {
        public static void main(String[] args) {
            System.exit(Integer.parseInt(args[0]));
        }
    }

    /** Prints the variables of its environment that it is told. */
    public static final class Printer {
        public static void main(String[] args) {
            for (String name : args) {
                System.out.println(name + "=" + System.getenv(name));
            }
        }
    }

    @Test
    void takesTheEnvironmentBesideItsJarsUnlessItIsSet() throws Exception {
        Path jars = jars();
        Files.writeString(jars.resolve("environment"), "# Why.\nFRESHET_TEST_NEW=value\nPATH=other\n");
        try (JavaProcess printer = JavaProcess.start(
                jars,
                List.of(),
                Printer.class.getName(),
                List.of("FRESHET_TEST_NEW", "PATH"),
                folder.resolve("printer.log"))) {
            assertThat(printer.waitFor()).isZero();
            assertThat(printer.tail(2)).containsExactly("FRESHET_TEST_NEW=value", "PATH=" + System.getenv("PATH"));
        }
    }

    @Test
    void endsWhenItsStarterIsKilled() throws Exception {
        Path jars = jars();
        long pid;
        try (JavaProcess starter = JavaProcess.start(
                jars,
                List.of(),
                Starter.class.getName(),
                List.of(jars.toString(), folder.toString()),
                folder.resolve("starter.log"))) {
            Path log = folder.resolve("child.log");
            await(() -> Files.exists(log) && read(log).contains("running"));
            pid = Long.parseLong(Files.readString(folder.resolve("child.pid")));
            assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive)).contains(true);

            starter.kill();
        }

        await(() -> !ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
        assertThat(read(folder.resolve("child.log"))).contains("ending");
    }

    @Test
    void ignoresCtrlC() throws Exception {
        try (JavaProcess sleeper = JavaProcess.start(
                jars(), List.of(), Sleeper.class.getName(), List.of(), folder.resolve("sleeper.log"))) {
            await(() -> sleeper.tail(5).contains("running"));

            new ProcessBuilder("kill", "-INT", Long.toString(sleeper.pid()))
                    .start()
                    .waitFor();

            assertThat(sleeper.waitFor(Duration.ofMillis(500))).isFalse();
            assertThat(sleeper.stop(PATIENCE)).isTrue();
            assertThat(sleeper.tail(1)).containsExactly("ending");
        }
    }

    @Test
    void startsWithTheNicenessThatItIsTold() throws Exception {
        try (JavaProcess sleeper = JavaProcess.start(
                jars(), List.of(), Sleeper.class.getName(), List.of(), folder.resolve("sleeper.log"), 3)) {
            await(() -> sleeper.tail(5).contains("running"));

            assertThat(niceness(sleeper.pid()))
                    .isEqualTo(Math.min(19, niceness(ProcessHandle.current().pid()) + 3));
            assertThat(sleeper.stop(PATIENCE)).isTrue();
        }
    }

    private static int niceness(long pid) throws IOException {
        try (InputStream ps = new ProcessBuilder("ps", "-o", "ni=", "-p", Long.toString(pid))
                .start()
                .getInputStream()) {
            return Integer.parseInt(new String(ps.readAllBytes(), StandardCharsets.UTF_8).strip());
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void standsBackWithAllItsThreads() throws Exception {
        assumeThat(Path.of("/usr/bin/chrt")).isExecutable();
        try (JavaProcess sleeper = JavaProcess.start(
                jars(), List.of(), Sleeper.class.getName(), List.of(), folder.resolve("sleeper.log"))) {
            await(() -> sleeper.tail(5).contains("running"));
            assertThat(policies(sleeper.pid())).doesNotContain(SCHED_IDLE);

            sleeper.standBack();

            assertThat(policies(sleeper.pid())).containsOnly(SCHED_IDLE);
            assertThat(sleeper.stop(PATIENCE)).isTrue();
        }
    }

    /** Of each thread how it is scheduled: field 41 of its stat, see proc_pid_stat(5). */
    private static List<Integer> policies(long pid) throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            return threads.map(thread -> thread.resolve("stat"))
                    .filter(Files::exists)
                    .map(LeashTest::read)
                    .map(stat -> stat.substring(stat.lastIndexOf(')') + 2).split(" ")[41 - 3])
                    .map(Integer::valueOf)
                    .toList();
        }
    }

    @Test
    void passesTheExitCodeOn() throws Exception {
        try (JavaProcess quitter = JavaProcess.start(
                jars(), List.of(), Quitter.class.getName(), List.of("2"), folder.resolve("quitter.log"))) {
            assertThat(quitter.waitFor()).isEqualTo(2);
            assertThat(quitter.exitCode()).hasValue(2);
        }
    }

    @Test
    void showsOnlyItsOwnLines() throws Exception {
        Path log = folder.resolve("sleeper.log");
        Files.writeString(log, "an earlier life\n");
        try (JavaProcess sleeper = JavaProcess.start(jars(), List.of(), Sleeper.class.getName(), List.of(), log)) {
            await(() -> !sleeper.tail(5).isEmpty());

            assertThat(sleeper.tail(5)).containsExactly("running");
        }
    }

    private Path jars() throws IOException {
        return jars(folder, Starter.class, Sleeper.class, Quitter.class, Printer.class);
    }

    /** Classes of tests as a folder of jars in another one, as parts come. */
    static Path jars(Path folder, Class<?>... types) throws IOException {
        Path jars = folder.resolve("jars");
        if (Files.exists(jars)) {
            return jars;
        }
        Files.createDirectories(jars);
        try (OutputStream file = Files.newOutputStream(jars.resolve("test.jar"));
                JarOutputStream jar = new JarOutputStream(file)) {
            for (Class<?> type : types) {
                String name = type.getName().replace('.', '/') + ".class";
                jar.putNextEntry(new JarEntry(name));
                try (InputStream in = type.getClassLoader().getResourceAsStream(name)) {
                    in.transferTo(jar);
                }
            }
        }
        return jars;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void await(BooleanSupplier condition) throws InterruptedException {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!condition.getAsBoolean()) {
            assertThat(Instant.now()).isBefore(deadline);
            Thread.sleep(20);
        }
    }
}

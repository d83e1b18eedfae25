package dev.freshet.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An archive takes no folders of classes, so this wants the packaged module. */
class ClassArchiveIT {

    private static final String MAPPED = "shared objects file";

    /** Locks a file until it is killed. */
    public static final class Locker {
        public static void main(String[] args) throws Exception {
            try (FileChannel file =
                    FileChannel.open(Path.of(args[0]), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                file.lock();
                System.out.println("locked");
                Thread.sleep(600_000);
            }
        }
    }

    @TempDir
    private Path folder;

    private Path jars;

    @BeforeEach
    void jars() throws IOException {
        jars = LeashTest.jars(folder, LeashTest.Sleeper.class, Locker.class);
    }

    @Test
    void theNextStartsFromWhatTheFirstHasLoaded() throws Exception {
        try (JavaProcess first = sleeper()) {
            assertThat(origin(LeashTest.Sleeper.class)).contains("test.jar");
            archive(first);
            FileTime made = Files.getLastModifiedTime(archives().get(0));
            archive(first);
            assertThat(Files.getLastModifiedTime(archives().get(0)))
                    .as("made once")
                    .isEqualTo(made);
        }
        try (JavaProcess second = sleeper()) {
            assertThat(origin(LeashTest.Sleeper.class)).contains(MAPPED);
            assertThat(origin(Leash.class)).contains(MAPPED);
            assertThat(second.tail(20)).containsExactly("running");
        }
    }

    @Test
    void otherJarsWantAnotherArchive() throws Exception {
        try (JavaProcess first = sleeper()) {
            archive(first);
        }
        List<Path> outdated = archives();
        Files.setLastModifiedTime(
                jars.resolve("test.jar"), FileTime.from(Instant.now().minusSeconds(3600)));
        try (JavaProcess second = sleeper()) {
            assertThat(origin(LeashTest.Sleeper.class)).contains("test.jar");
            archive(second);
        }
        assertThat(archives()).hasSize(1).doesNotContainAnyElementsOf(outdated);
    }

    @Test
    void whileSomeoneElseMakesOneThereIsNothingToDo() throws Exception {
        try (JavaProcess other = JavaProcess.start(
                        jars,
                        List.of(),
                        Locker.class.getName(),
                        List.of(jars.resolve("classes-lock").toString()),
                        folder.resolve("locker.log"));
                JavaProcess first = sleeper()) {
            LeashTest.await(() -> other.tail(5).contains("locked"));
            archive(first);
            assertThat(archives()).isEmpty();
        }
    }

    @Test
    void whatCannotBeMadeIsSaidAndLeavesNothing() throws Exception {
        try (JavaProcess first = sleeper("--patch-module=java.base=" + folder.resolve("none"))) {
            assertThatThrownBy(() -> archive(first))
                    .hasMessageContaining("cannot make an archive of the classes in " + jars)
                    .hasMessageContaining("exited with code 1");
        }
        LeashTest.await(() -> listed().equals(List.of("classes-lock", "test.jar")));
    }

    /** One that runs, and has told where its classes come from. */
    private JavaProcess sleeper(String... flags) throws Exception {
        List<String> all = new ArrayList<>(List.of(flags));
        all.add("-Xlog:class+load=info:file=" + folder.resolve("load.log"));
        JavaProcess sleeper = JavaProcess.start(
                jars, all, LeashTest.Sleeper.class.getName(), List.of(), folder.resolve("sleeper.log"));
        LeashTest.await(() -> sleeper.tail(20).contains("running"));
        return sleeper;
    }

    private String origin(Class<?> type) throws IOException {
        return Files.readAllLines(folder.resolve("load.log")).stream()
                .filter(line -> line.contains(" " + type.getName() + " source: "))
                .findFirst()
                .orElseThrow();
    }

    private static void archive(JavaProcess process) throws Exception {
        process.archiveClasses(0).get(60, TimeUnit.SECONDS);
    }

    private List<Path> archives() {
        return listed().stream()
                .filter(name -> name.endsWith(".jsa"))
                .map(jars::resolve)
                .toList();
    }

    private List<String> listed() {
        try (Stream<Path> files = Files.list(jars)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

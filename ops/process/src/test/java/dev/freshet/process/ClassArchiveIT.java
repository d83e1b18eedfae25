package dev.freshet.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An archive takes no folders of classes, so this wants the packaged module. */
class ClassArchiveIT {

    private static final String MAPPED = "shared objects file";

    @TempDir
    private Path folder;

    private Path jars;

    @BeforeEach
    void jars() throws IOException {
        jars = LeashTest.jars(folder);
    }

    @Test
    void theNextStartsFromWhatTheFirstHasLoaded() throws Exception {
        try (JavaProcess first = sleeper()) {
            assertThat(origin(LeashTest.Sleeper.class)).contains("test.jar");
            archive(first);
        }
        assertThat(archives()).singleElement().asString().endsWith(".jsa");
        try (JavaProcess second = sleeper()) {
            assertThat(origin(LeashTest.Sleeper.class)).contains(MAPPED);
            assertThat(origin(Leash.class)).contains(MAPPED);
            assertThat(second.tail(20)).containsExactly("running");
            archive(second);
        }
        assertThat(archives()).as("made once").hasSize(1);
    }

    @Test
    void otherJarsWantAnotherArchive() throws Exception {
        try (JavaProcess first = sleeper()) {
            archive(first);
        }
        List<Path> outdated = archives();
        FileTime hourAgo = FileTime.from(Instant.now().minusSeconds(3600));
        Files.setLastModifiedTime(jars.resolve("test.jar"), hourAgo);
        Files.setLastModifiedTime(outdated.get(0), hourAgo);
        try (JavaProcess second = sleeper()) {
            assertThat(origin(LeashTest.Sleeper.class)).contains("test.jar");
            archive(second);
        }
        assertThat(archives()).hasSize(1).doesNotContainAnyElementsOf(outdated);
    }

    @Test
    void whatSomeoneElseMakesIsLeftToThem() throws Exception {
        try (JavaProcess first = sleeper();
                JavaProcess second = sleeper()) {
            CompletableFuture<Void> making = first.archiveClasses(0);
            second.archiveClasses(0).get(0, TimeUnit.SECONDS);
            assertThat(making).isNotDone();
            making.get(60, TimeUnit.SECONDS);
        }
    }

    /** One that runs, and has told where its classes come from. */
    private JavaProcess sleeper() throws Exception {
        JavaProcess sleeper = JavaProcess.start(
                jars,
                List.of("-Xlog:class+load=info:file=" + folder.resolve("load.log")),
                LeashTest.Sleeper.class.getName(),
                List.of(),
                folder.resolve("sleeper.log"));
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
        process.archiveClasses(19).get(60, TimeUnit.SECONDS);
    }

    private List<Path> archives() throws IOException {
        try (Stream<Path> files = Files.list(jars)) {
            return files.filter(file -> file.getFileName().toString().startsWith("classes-"))
                    .toList();
        }
    }
}

package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.process.Installation;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code freshet} in a checkout of its own, where Maven and Java are scripts that say that they ran. */
class LauncherTest {

    private static final List<String> PARTS = List.of("broker", "graph-job", "trainer", "serving", "bench", "cli");

    @TempDir
    private Path folder;

    private Path home;
    private Path jdk;

    @BeforeEach
    void checkout() throws IOException {
        // Where the script finds itself, without links.
        home = Files.createDirectories(folder.resolve("checkout")).toRealPath();
        jdk = folder.resolve("jdk");
        Files.copy(Installation.find().home().resolve("freshet"), home.resolve("freshet"));
        for (String source : List.of("schemas", "stream-jobs", "model-trainer", "ops")) {
            Files.createDirectories(home.resolve(source));
        }
        Files.writeString(home.resolve("pom.xml"), "");
        script(
                home.resolve("mvnw"),
                "echo built >> builds",
                "sleep 1",
                "for part in " + String.join(" ", PARTS) + "; do",
                "  mkdir -p target/freshet/$part && touch target/freshet/$part/jvm.options",
                "done");
        script(
                jdk.resolve("bin/java"),
                "case $1 in",
                "--list-modules) echo jdk.compiler@17 ;;",
                "-XshowSettings:properties) echo '    java.home = " + jdk + "' ;;",
                "*) echo \"ran $*\" ;;",
                "esac");
        java("17.0.9");
    }

    private void java(String version) throws IOException {
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    }

    private static void script(Path file, String... lines) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/usr/bin/env bash\n" + String.join("\n", lines) + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private Process start(int number) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder("bash", home.resolve("freshet").toString(), "status");
        builder.environment().put("JAVA_HOME", jdk.toString());
        return builder.redirectErrorStream(true)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(out(number).toFile())
                .start();
    }

    private Path out(int number) {
        return folder.resolve("out-" + number);
    }

    private String run(int code) throws Exception {
        Process process = start(0);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String said = Files.readString(out(0));
        assertThat(process.exitValue()).as(said).isEqualTo(code);
        return said;
    }

    private List<String> builds() throws IOException {
        return Files.readAllLines(home.resolve("builds"));
    }

    /** Makes a source newer than the build. */
    private void change() throws IOException {
        Path stamp = home.resolve("target/freshet/.built");
        Files.setLastModifiedTime(stamp, FileTime.fromMillis(1_000_000_000_000L));
    }

    @Test
    void buildsOnceAndAgainAfterAChange() throws Exception {
        assertThat(run(0)).contains("freshet: building", "ran @" + home + "/target/freshet/cli/jvm.options");
        assertThat(run(0)).startsWith("ran @");
        assertThat(builds()).hasSize(1);
        change();
        run(0);
        assertThat(builds()).hasSize(2);
    }

    @Test
    void twoAtOnceBuildOnce() throws Exception {
        List<Process> both = List.of(start(1), start(2));
        for (int number = 1; number <= 2; number++) {
            assertThat(both.get(number - 1).waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(Files.readString(out(number))).contains("ran @");
        }
        assertThat(builds()).hasSize(1);
    }

    @Test
    void leavesABuildAloneThatIsInUse() throws Exception {
        run(0);
        change();
        Process inUse = new ProcessBuilder(
                        "bash", "-c", "sleep 60; exit", "x", "@" + home + "/target/freshet/trainer/jvm.options")
                .start();
        try {
            assertThat(run(0)).contains("the build is in use (pid " + inUse.pid() + ")", "ran @");
            assertThat(builds()).hasSize(1);
        } finally {
            inUse.descendants().forEach(ProcessHandle::destroyForcibly);
            inUse.destroyForcibly();
        }
    }

    @Test
    void refusesAnOldJavaThoughEverythingIsBuilt() throws Exception {
        run(0);
        java("11.0.2");
        assertThat(run(1)).endsWith("is Java 11; install a JDK 17 or newer, or set JAVA_HOME to one\n");
        java("1.8.0_402");
        assertThat(run(1)).contains("is Java 8; install");
    }

    @Test
    void saysThatItCannotBuildWhereItCannotWrite() throws Exception {
        Files.writeString(home.resolve("target"), "a file");
        assertThat(run(1))
                .isEqualTo("freshet: nothing is built yet, and " + home
                        + " cannot be written; build in a checkout that can\n");
    }
}

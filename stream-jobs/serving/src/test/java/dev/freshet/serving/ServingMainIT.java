package dev.freshet.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServingMainIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private JavaProcess start(String... arguments) throws Exception {
        return JavaProcess.start(
                Installation.find().jars("serving"),
                List.of(),
                ServingMain.class.getName(),
                List.of(arguments),
                folder.resolve("log"));
    }

    private void assertSays(int exitCode, String line, String... arguments) throws Exception {
        try (JavaProcess process = start(arguments)) {
            assertThat(process.waitFor(PATIENCE)).isTrue();
            List<String> said = new ArrayList<>(process.tail(50));
            said.removeIf(text -> text.startsWith("WARNING: Using incubator modules"));
            assertThat(said).hasSize(1);
            assertThat(said.get(0)).matches(line);
            assertThat(process.exitCode()).hasValue(exitCode);
        }
    }

    @Test
    void badArgumentsAreOneLineAndExitCode2() throws Exception {
        assertSays(2, "serving: Missing required option.*--bootstrap.*; see --help", "--state", "s");
        assertSays(
                2,
                "serving: --size is 0; it may be 1 to 1000; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--size",
                "0");
        assertSays(
                2,
                "serving: --shadow: 'typo' is no variant; there are popularity, item-knn, .*; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--shadow",
                "popularity,typo");
        assertSays(
                2,
                "serving: --action-weight: view is -1.0; only dislike may be negative, .*; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--action-weight",
                "purchase=3,view=-1");
        assertSays(
                2,
                "serving: --allow, --deny: 'shoes' is no ATTRIBUTE:VALUE, such as category:shoes; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--deny",
                "category:hats,shoes");
        assertSays(
                2,
                "serving: --split: no model spunr; the models are .*lightgcn.*spumr.*; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--split",
                "spunr=80,lightgcn=20");
        assertSays(
                2,
                "serving: --diversity is NaN; it may be 0 to 1; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--diversity",
                "NaN");
        assertSays(
                2,
                "serving: --registry: the schema registry http://127.0.0.1:9 does not answer .*; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--registry",
                "http://127.0.0.1:9/");
        assertSays(
                2,
                "serving: cannot read the token in nowhere .*; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--token-file",
                "nowhere");
        assertSays(
                2,
                "serving: --tls-key-store and --tls-password-file belong together; .*; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--tls-key-store",
                "nowhere");
        assertSays(
                2,
                "serving: --commit-interval is 10000; it must be at least 1, and less than the 10000 after which .*; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--commit-interval",
                "10000");
        assertSays(
                2,
                "serving: --photos is nowhere, which is no folder; see --help",
                "--bootstrap",
                "localhost:1",
                "--state",
                "s",
                "--photos",
                "nowhere");
    }

    @Test
    void aTakenPortIsOneLineAndExitCode1() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            assertSays(
                    1,
                    "serving: port " + taken.getLocalPort() + " on 127.0.0.1 is taken; .*--port",
                    "--bootstrap",
                    "127.0.0.1:9",
                    "--state",
                    folder.resolve("state").toString(),
                    "--port",
                    Integer.toString(taken.getLocalPort()));
        }
    }

    @Test
    void aFolderThatCannotBeWrittenIsOneLineAndExitCode1() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        assertSays(
                1,
                "serving: cannot write to .*; choose another folder with --state",
                "--bootstrap",
                "127.0.0.1:9",
                "--state",
                file.resolve("state").toString(),
                "--port",
                "0");
    }

    @Test
    void stopsOnSigtermWhileItWaitsForTheBroker() throws Exception {
        try (JavaProcess process = start(
                "--bootstrap", "127.0.0.1:9", "--state", folder.resolve("state").toString(), "--port", "0")) {
            LoopFixture.await("waits", () -> process.tail(50).stream()
                    .anyMatch(line -> line.contains("waiting for the broker at 127.0.0.1:9: not answering")));
            assertThat(process.stop(Duration.ofSeconds(60))).isTrue();
        }
    }
}

package dev.freshet.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.RunFile;
import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command in processes of its own, as a user runs it. */
class UpIT {

    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    private Path folder;

    private Path state;
    private int commands;

    @AfterEach
    void down() throws Exception {
        if (state != null) {
            RunFile.running(state).flatMap(RunFile.Content::owner).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void upUpDown() throws Exception {
        state = folder.resolve("state");
        ClusterOptions free = ClusterOptions.in(state).withFreePorts();
        List<String> up = List.of(
                "up",
                "--state",
                state.toString(),
                "--kafka-port",
                "" + free.kafkaPort(),
                "--controller-port",
                "" + free.controllerPort(),
                "--flink-port",
                "" + free.flinkPort(),
                "--http-port",
                "" + free.httpPort());
        assertThat(run(0, up)).contains("the loop runs (pid ");
        RunFile.Content content = RunFile.running(state).orElseThrow();
        ProcessHandle owner = content.owner().orElseThrow();
        assertThat(content.parts()).hasSize(Part.values().length);
        Path log = state.resolve("logs/supervisor.log");
        String said = Files.readString(log);

        // The terminal of the first command closes.
        for (String signal : List.of("-HUP", "-INT")) {
            assertThat(new ProcessBuilder("kill", signal, "" + owner.pid())
                            .start()
                            .waitFor())
                    .isZero();
        }
        assertThat(run(1, up)).contains("a cluster already runs on " + state + " (pid " + owner.pid());
        assertThat(owner.isAlive()).isTrue();
        assertThat(Files.readString(log)).startsWith(said);

        assertThat(run(0, List.of("down", "--state", state.toString()))).contains("stopped");
        assertThat(content.owner()).isEmpty();
        assertThat(RunFile.running(state)).isEmpty();
        assertThat(state.resolve("run/cluster.json")).doesNotExist();
    }

    private String run(int code, List<String> arguments) throws Exception {
        Path out = folder.resolve("out-" + commands++);
        try (JavaProcess process = JavaProcess.start(
                Installation.find().jars("cli"),
                List.of("-D" + Installation.HOME_PROPERTY + "="
                        + Installation.find().home()),
                "dev.freshet.cli.Freshet",
                new ArrayList<>(arguments),
                out)) {
            assertThat(process.waitFor(PATIENCE)).isTrue();
            String said = Files.readString(out);
            assertThat(process.exitCode()).as(said).hasValue(code);
            return said;
        }
    }
}

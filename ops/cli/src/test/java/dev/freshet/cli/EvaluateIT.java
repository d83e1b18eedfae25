package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class EvaluateIT {

    @TempDir
    private Path folder;

    /** As by a machine without memory: the trainer cannot say so itself. */
    @Test
    void saysThatTheTrainerWasKilled() throws Exception {
        Path data = Files.createDirectory(folder.resolve("shop"));
        StringBuilder rows = new StringBuilder("userID\titemID\tx_label\n");
        for (int row = 0; row < 300; row++) {
            rows.append(row % 60)
                    .append('\t')
                    .append(row % 47)
                    .append('\t')
                    .append(row / 120)
                    .append('\n');
        }
        Files.writeString(data.resolve("shop.inter"), rows);
        Path states = folder.resolve("states");
        StringWriter err = new StringWriter();
        CommandLine freshet = Freshet.commandLine().setErr(new PrintWriter(err, true));
        String[] arguments = {
            "evaluate",
            "--data",
            data.toString(),
            "--model",
            "mf-bpr",
            "--epochs",
            "100000000",
            "--set",
            "patience=100000000",
            "--resume",
            states.toString()
        };

        CompletableFuture<Integer> code = CompletableFuture.supplyAsync(() -> freshet.execute(arguments));
        Instant late = Instant.now().plus(Duration.ofMinutes(2));
        try {
            while (!Files.isDirectory(states) && !code.isDone()) {
                assertThat(Instant.now()).isBefore(late);
                Thread.sleep(50);
            }
        } finally {
            ProcessHandle.current()
                    .children()
                    .filter(child -> child.info().commandLine().orElse("").contains(states.toString()))
                    .forEach(ProcessHandle::destroyForcibly);
        }

        assertThat(code.get()).isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains("the trainer was killed", "--resume");
    }
}

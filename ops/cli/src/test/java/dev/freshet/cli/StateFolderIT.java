package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** State folders on real file systems that are full, or for reading only; mounting them takes root, and {@code up} a built loop. */
class StateFolderIT {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    private boolean mounted;

    @Test
    void aFullDiskIsSaid() throws Exception {
        mount("size=16m");

        refuses("up", "MiB are free for the state folder " + folder, "--state");
        refuses("demo --for 1s", "MiB are free for the state folder " + folder, "--state");
        assertThat(run("doctor")).isEqualTo(1);
        assertThat(out.toString()).contains("free some space, or choose another folder with --state");
    }

    @Test
    void aReadOnlyFolderIsSaid() throws Exception {
        mount("ro");

        refuses("up", "cannot write to the state folder " + folder, "--state");
        refuses("demo --for 1s", "cannot write to the state folder " + folder, "--state");
        assertThat(run("doctor")).isEqualTo(1);
        assertThat(out.toString()).contains("choose another folder with --state");
    }

    private void refuses(String command, String... words) {
        assertThat(run(command)).isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains(words);
    }

    private int run(String command) {
        err.getBuffer().setLength(0);
        return Freshet.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute((command + " --state " + folder).split(" "));
    }

    private void mount(String options) throws Exception {
        mounted = call("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder.toString()) == 0;
        assumeTrue(mounted, "cannot mount a file system here");
    }

    @AfterEach
    void unmount() throws Exception {
        if (mounted) {
            assertThat(call("umount", folder.toString())).isZero();
        }
    }

    private static int call(String... command) throws Exception {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}

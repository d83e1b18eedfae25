package dev.freshet.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.command.Doctor.Check;
import dev.freshet.cli.command.Doctor.Verdict;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {

    @TempDir
    private Path folder;

    @Test
    void findsAHealthyFolderAndFreePorts() {
        List<Check> checks = examine(ClusterOptions.in(folder).withFreePorts());

        assertThat(checks).extracting(Check::name).contains("java", "cores", "memory", "state folder", "disk", "zstd");
        assertThat(checks)
                .filteredOn(check -> check.name().startsWith("port")
                        || List.of("java", "state folder", "zstd").contains(check.name()))
                .hasSize(7)
                .allMatch(check -> check.verdict() == Verdict.OK && check.remedy() == null);
    }

    @Test
    void findsATakenPort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ClusterOptions options = ClusterOptions.in(folder).withFreePorts();
            options = options.withPorts(
                    options.kafkaPort(), options.controllerPort(), options.flinkPort(), socket.getLocalPort());

            Check port = find(examine(options), "port " + socket.getLocalPort());

            assertThat(port.verdict()).isEqualTo(Verdict.FAIL);
            assertThat(port.remedy()).contains("--http-port");
        }
    }

    @Test
    void findsAFolderThatCannotBeWritten() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");

        Check state = find(examine(ClusterOptions.in(file.resolve("state")).withFreePorts()), "state folder");

        assertThat(state.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(state.remedy()).contains("--state");
    }

    private static List<Check> examine(ClusterOptions options) {
        return new Doctor(options, List.of(Part.values())).examine();
    }

    private static Check find(List<Check> checks, String name) {
        return checks.stream()
                .filter(check -> check.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}

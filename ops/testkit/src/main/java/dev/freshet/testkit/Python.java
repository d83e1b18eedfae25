package dev.freshet.testkit;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.process.Installation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Runs the programs of {@code examples/python} with Debian's Python, which has Debian's libraries. */
public final class Python {

    private static final List<String> COMMAND = List.of("timeout", "120", "/usr/bin/python3");

    private Python() {}

    /** What a program has printed, errors included. */
    public record Output(int exitCode, String text) {}

    /** Skips the test where the libraries are not installed. */
    public static void assumeLibraries() throws InterruptedException {
        assumeTrue(
                run("-c", "import confluent_kafka, avro.io").exitCode() == 0,
                "no Python with confluent_kafka and avro: apt install python3-confluent-kafka python3-avro");
    }

    /** Runs a program, or what else the arguments say, to its end, two minutes at most. */
    public static Output run(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(COMMAND);
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .directory(Installation.find()
                            .home()
                            .resolve("examples")
                            .resolve("python")
                            .toFile())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Output(process.waitFor(), text);
        } catch (IOException e) {
            return new Output(-1, e.toString());
        }
    }
}

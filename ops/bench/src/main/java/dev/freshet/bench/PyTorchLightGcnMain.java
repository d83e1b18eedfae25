package dev.freshet.bench;

import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.dataset.Split;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Runs a plain PyTorch loop of LightGCN ({@code pytorch_lightgcn.py}) on the training pairs of a data set, where a Python on this
 * machine has PyTorch; else prints <code>{"absent": true}</code>.
 */
@Command(
        name = "pytorch-lightgcn",
        mixinStandardHelpOptions = true,
        description = "Times LightGCN in plain PyTorch, and prints the results as JSON.")
public final class PyTorchLightGcnMain implements Callable<Integer> {

    private static final String SCRIPT = "pytorch_lightgcn.py";

    /** That of Debian's packages may stand behind another one on the path. */
    private static final List<String> PYTHONS = List.of("python3", "/usr/bin/python3");

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "Data set in MMRec's form.")
    private Path data;

    @Option(names = "--threads", required = true, paramLabel = "N", description = "Threads.")
    private int threads;

    @Option(names = "--warm-up", required = true, paramLabel = "N", description = "Epochs before the clock starts.")
    private int warmUp;

    @Option(names = "--epochs", required = true, paramLabel = "N", description = "Epochs timed.")
    private int epochs;

    public static void main(String[] arguments) {
        Yardstick.run(new PyTorchLightGcnMain(), arguments);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Optional<String> python = python();
        if (python.isEmpty()) {
            System.out.println("{\"absent\": true}");
            return 0;
        }
        MmrecDataSet set = MmrecDataSet.open(data);
        Path folder = Files.createTempDirectory("freshet-pytorch-");
        Path script = folder.resolve(SCRIPT);
        Path pairs = folder.resolve("pairs.txt");
        try (InputStream own = Objects.requireNonNull(getClass().getResourceAsStream(SCRIPT))) {
            Files.copy(own, script);
            Files.write(pairs, trainingPairs(set));
            List<String> command = new ArrayList<>(List.of(python.get(), script.toString(), pairs.toString()));
            for (int number : new int[] {set.userCount(), set.itemCount(), threads, warmUp, epochs}) {
                command.add(Integer.toString(number));
            }
            return run(command);
        } finally {
            Files.deleteIfExists(script);
            Files.deleteIfExists(pairs);
            Files.deleteIfExists(folder);
        }
    }

    private static List<String> trainingPairs(MmrecDataSet set) {
        return IntStream.range(0, set.size())
                .filter(row -> !set.hasSplit() || set.split(row) == Split.TRAIN)
                .mapToObj(row -> set.users()[row] + " " + set.items()[row])
                .toList();
    }

    private static int run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        Thread killer = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(killer);
        try {
            return process.waitFor();
        } finally {
            Runtime.getRuntime().removeShutdownHook(killer);
        }
    }

    /** The first Python that can import torch. */
    private static Optional<String> python() throws InterruptedException {
        for (String python : PYTHONS) {
            try {
                Process process = new ProcessBuilder(python, "-c", "import torch")
                        .redirectErrorStream(true)
                        .start();
                process.getInputStream().transferTo(OutputStream.nullOutputStream());
                if (process.waitFor() == 0) {
                    return Optional.of(python);
                }
            } catch (IOException e) {
                // There is no such Python.
            }
        }
        return Optional.empty();
    }
}

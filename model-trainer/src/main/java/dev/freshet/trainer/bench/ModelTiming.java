package dev.freshet.trainer.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Models;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How fast a model trains.
 *
 * @param model name
 * @param preset its settings
 * @param batch triples per step
 * @param seconds of each epoch after the warm-up: batches, negatives, steps and Adam; no validation
 * @param cpuSeconds of the process in each of these epochs, all threads together: hardly depends on what else runs on the machine
 * @param first memory after the first of these epochs
 * @param last memory after the last one
 */
@SuppressWarnings("ArrayRecordComponent") // read once, to be printed
record ModelTiming(
        String model, String preset, int batch, double[] seconds, double[] cpuSeconds, Memory first, Memory last) {

    private static final long SEED = 999;

    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /**
     * Trains a model by its default preset.
     *
     * @param warmUp epochs before the clock starts
     * @param epochs epochs timed
     * @param done called after each epoch
     */
    static ModelTiming of(
            String name, TrainingData data, Backend backend, Workers workers, int warmUp, int epochs, Runnable done) {
        ModelFactory factory = Models.of(name);
        Settings settings = Models.preset(factory, factory.defaultPreset());
        List<Memory> memory = new ArrayList<>();
        double[] seconds = new double[epochs];
        double[] cpuSeconds = new double[epochs];
        long[] before = {cpuNanos()};
        try (Model model = factory.create(data, settings, backend, SEED)) {
            new Training(model, data.train(), settings, workers, SEED).epochs(warmUp + epochs, epoch -> {
                int timed = epoch.number() - warmUp;
                if (timed >= 1) {
                    seconds[timed - 1] = epoch.seconds();
                    cpuSeconds[timed - 1] = (cpuNanos() - before[0]) * 1e-9;
                }
                if (timed == 1 || timed == epochs) {
                    memory.add(Memory.now());
                }
                done.run();
                before[0] = cpuNanos();
            });
        }
        return new ModelTiming(
                name,
                factory.defaultPreset(),
                settings.whole(Settings.BATCH, 1),
                seconds,
                cpuSeconds,
                memory.get(0),
                memory.get(memory.size() - 1));
    }

    private static long cpuNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}

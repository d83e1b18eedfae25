package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.Tables;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What {@code freshet bench train} has measured.
 *
 * @param machine where
 * @param trainer the trainer's result: {@code models}, {@code propagation}, {@code full_ranking_seconds}
 * @param pytorch the plain PyTorch loop's result: {@code seconds} of each epoch, or {@code absent}
 */
record TrainBenchResult(HostMachine machine, JsonNode trainer, JsonNode pytorch) {

    private static final String LIGHTGCN = "lightgcn";

    /** Median seconds per epoch of the PyTorch loop; NaN where PyTorch is absent. */
    double pytorchSeconds() {
        double[] seconds = new double[pytorch.path("seconds").size()];
        for (int at = 0; at < seconds.length; at++) {
            seconds[at] = pytorch.path("seconds").get(at).asDouble();
        }
        Arrays.sort(seconds);
        int half = seconds.length / 2;
        if (seconds.length == 0) {
            return Double.NaN;
        }
        return seconds.length % 2 == 1 ? seconds[half] : (seconds[half - 1] + seconds[half]) / 2;
    }

    /** The results by name; times in seconds, sizes in bytes; {@code null} where PyTorch is absent. */
    ObjectNode toJson() {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.setAll((ObjectNode) trainer);
        if (Double.isNaN(pytorchSeconds())) {
            json.putNull("pytorch_lightgcn_seconds_per_epoch").putNull("pytorch_version");
        } else {
            json.put("pytorch_lightgcn_seconds_per_epoch", pytorchSeconds());
            json.set("pytorch_version", pytorch.path("version"));
        }
        return machine.addTo(json);
    }

    /** Prints a table of the models, then the rest. */
    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s; %d threads, %s; %s%n%n",
                trainer.path("data").asText(),
                trainer.path("threads").asInt(),
                trainer.path("device").asText(),
                machine.describe());
        List<List<String>> rows = new ArrayList<>();
        trainer.path("models").fields().forEachRemaining(model -> rows.add(row(model.getKey(), model.getValue())));
        Tables.print(
                out,
                List.of(
                        "model",
                        "preset",
                        ">batch",
                        ">s/epoch",
                        ">CPU s/epoch",
                        ">epochs",
                        ">resident MiB",
                        ">native MiB"),
                rows);
        JsonNode propagation = trainer.path("propagation");
        double simd = propagation.path("simd_seconds").asDouble();
        double torch = propagation.path("torch_seconds").asDouble();
        out.printf(
                Locale.ROOT,
                "%nsparse product: SIMD %.2f ms, torch %.2f ms, %.1f : 1, largest difference %.1e%n"
                        + "full ranking of all users: %.3f s%n",
                simd * 1e3,
                torch * 1e3,
                torch / simd,
                propagation.path("difference").asDouble(),
                trainer.path("full_ranking_seconds").asDouble());
        if (Double.isNaN(pytorchSeconds())) {
            out.println("LightGCN in plain PyTorch: not measured, no Python here has PyTorch");
        } else {
            out.printf(
                    Locale.ROOT,
                    "LightGCN in plain PyTorch %s: %.2f s/epoch%s%n",
                    pytorch.path("version").asText(),
                    pytorchSeconds(),
                    ratio());
        }
        out.flush();
    }

    private String ratio() {
        double ours =
                trainer.path("models").path(LIGHTGCN).path("seconds_per_epoch").asDouble();
        return ours == 0 ? "" : String.format(Locale.ROOT, ", ours is %.1f times as fast", pytorchSeconds() / ours);
    }

    private static List<String> row(String name, JsonNode timing) {
        return List.of(
                name,
                timing.path("preset").asText(),
                timing.path("batch").asText(),
                String.format(
                        Locale.ROOT, "%.2f", timing.path("seconds_per_epoch").asDouble()),
                String.format(
                        Locale.ROOT,
                        "%.2f",
                        timing.path("cpu_seconds_per_epoch").asDouble()),
                timing.path("runs").asText(),
                change(timing, "resident_bytes"),
                change(timing, "native_bytes"));
    }

    private static String change(JsonNode timing, String field) {
        return String.format(
                Locale.ROOT,
                "%,d → %,d",
                timing.path(field + "_first").asLong() >> 20,
                timing.path(field + "_last").asLong() >> 20);
    }
}

package dev.freshet.trainer;

import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.train.Training;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The result of a model over one or several seeds.
 *
 * @param data name of the data set
 * @param model name of the model
 * @param preset name of the preset
 * @param treatment what was done to the data set, in words by option
 * @param settings settings by name
 * @param epochs epochs at most
 * @param runs one run per seed
 * @param popularity metrics of the most popular items
 * @param published figures that were published
 */
record EvaluationReport(
        String data,
        String model,
        String preset,
        Map<String, String> treatment,
        Map<String, String> settings,
        int epochs,
        List<Run> runs,
        Metrics popularity,
        Optional<Published> published) {

    /**
     * The run of one seed.
     *
     * @param outcome how the training went; of a loaded model, without epochs
     * @param test metrics on the test set
     */
    record Run(long seed, Training.Outcome outcome, Metrics test) {}

    /** Names of the metrics, in the order of the table. */
    static List<String> names() {
        List<String> names = new ArrayList<>();
        for (String metric : new String[] {"recall", "precision", "ndcg"}) {
            for (int k : Metrics.CUTOFFS) {
                names.add(metric + '@' + k);
            }
        }
        return names;
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    }

    /** Deviation of the sample (n − 1); null of a single value. */
    private static Double deviation(List<Double> values) {
        double mean = mean(values);
        return values.size() < 2
                ? null
                : Math.sqrt(values.stream()
                                .mapToDouble(value -> (value - mean) * (value - mean))
                                .sum()
                        / (values.size() - 1));
    }

    private List<Double> test(String metric) {
        return runs.stream().map(run -> run.test.get(metric)).toList();
    }

    private List<Double> valid(String metric) {
        return runs.stream().map(run -> run.outcome.valid().get(metric)).toList();
    }

    private Double publishedFigure(String metric) {
        return published.map(figures -> figures.metrics().get(metric)).orElse(null);
    }

    /** Prints a line per seed and a table of the metrics. */
    void print(PrintWriter out) {
        for (Run run : runs) {
            if (run.outcome.epochs() > 0) {
                out.printf(
                        Locale.ROOT,
                        "seed %d: best epoch %d of %d, %.2f s per epoch%n",
                        run.seed,
                        run.outcome.bestEpoch(),
                        run.outcome.epochs(),
                        run.outcome.secondsPerEpoch());
            }
        }
        out.printf(Locale.ROOT, "%,d test users%n", runs.get(0).test.users());
        boolean several = runs.size() > 1;
        out.printf(
                "%-13s %8s %8s%s%s %11s%n",
                "metric",
                "valid",
                "test",
                several ? "       sd" : "",
                published.isPresent() ? "  published  ratio" : "",
                "popularity");
        for (String name : names()) {
            double mean = mean(test(name));
            StringBuilder line =
                    new StringBuilder(String.format(Locale.ROOT, "%-13s %8.4f %8.4f", name, mean(valid(name)), mean));
            if (several) {
                line.append(String.format(Locale.ROOT, " %8.4f", deviation(test(name))));
            }
            if (published.isPresent()) {
                Double figure = publishedFigure(name);
                line.append(
                        figure == null
                                ? " ".repeat(18)
                                : String.format(Locale.ROOT, "  %9.4f %6.2f", figure, mean / figure));
            }
            out.println(line + String.format(Locale.ROOT, " %11.4f", popularity.get(name)));
        }
        published.ifPresent(figures -> out.println("published: " + figures.source()));
        out.flush();
    }

    /** As it is written to JSON. */
    Map<String, Object> asMap() {
        Map<String, Object> metrics = new LinkedHashMap<>();
        Map<String, Object> validation = new LinkedHashMap<>();
        for (String name : names()) {
            metrics.put(name, spread(test(name)));
            validation.put(name, spread(valid(name)));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("data", data);
        result.put("model", model);
        result.put("preset", preset);
        result.put("seeds", runs.size());
        result.put("epochs", epochs);
        result.put("metrics", metrics);
        result.put("published", published.map(this::figures).orElse(Map.of()));
        result.put("valid", validation);
        result.put("popularity", popularity.values());
        result.put("users", popularity.users());
        result.put("treatment", treatment);
        result.put("settings", settings);
        result.put("runs", runs.stream().map(EvaluationReport::asMap).toList());
        return result;
    }

    private static Map<String, Object> spread(List<Double> values) {
        Map<String, Object> spread = new LinkedHashMap<>();
        spread.put("mean", mean(values));
        spread.put("sd", deviation(values));
        return spread;
    }

    private Map<String, Object> figures(Published figures) {
        Map<String, Object> ratios = new LinkedHashMap<>();
        figures.metrics().forEach((name, figure) -> ratios.put(name, mean(test(name)) / figure));
        Map<String, Object> result = new LinkedHashMap<>(figures.metrics());
        result.put("ratio", ratios);
        result.put("source", figures.source());
        return result;
    }

    private static Map<String, Object> asMap(Run run) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("seed", run.seed);
        map.put("epochs", run.outcome.epochs());
        map.put("bestEpoch", run.outcome.bestEpoch());
        map.put("secondsPerEpoch", run.outcome.secondsPerEpoch());
        map.put("valid", run.outcome.valid().values());
        map.put("test", run.test.values());
        return map;
    }
}

package dev.freshet.bench;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Asks serving for the recommendations of users at given rates, then looks for the highest rate that it sustains.
 */
@Command(
        name = "http-load",
        mixinStandardHelpOptions = true,
        description = "Asks for recommendations at a rate, and prints the times as JSON.")
public final class HttpLoadMain implements Callable<Integer> {

    /** Halvings, on a scale of ratios, of what lies between a rate that is sustained and twice as much. */
    private static final int NARROWINGS = 2;

    private static final int STEP_SECONDS = 5;
    private static final double LOWEST = 10;
    private static final double HIGHEST = 200_000;

    @Option(names = "--serving", required = true, paramLabel = "URL", description = "Serving.")
    private URI serving;

    @Option(names = "--users", required = true, paramLabel = "FILE", description = "Ids of users, one on a line.")
    private Path users;

    @Option(names = "--rates", required = true, split = ",", paramLabel = "N", description = "Requests a second.")
    private List<Integer> rates;

    @Option(names = "--seconds", required = true, paramLabel = "N", description = "Seconds at each rate.")
    private int seconds;

    @Option(names = "--warm-up", required = true, paramLabel = "N", description = "Seconds before, not counted.")
    private int warmUp;

    public static void main(String[] arguments) {
        Yardstick.run(new HttpLoadMain(), arguments);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<URI> paths = Files.readAllLines(users).stream()
                .map(user -> serving.resolve("/v1/recommendations/"
                        + URLEncoder.encode(user, StandardCharsets.UTF_8).replace("+", "%20")))
                .toList();
        HttpLoad load = new HttpLoad(paths);
        load.run(rates.get(0), warmUp);
        List<HttpLoad.Run> runs = new ArrayList<>();
        for (int rate : rates) {
            runs.add(load.run(rate, seconds));
            Yardstick.progress(load.sent());
        }
        HttpLoad.Run highest = search(load, runs.get(runs.size() - 1));
        System.out.printf(
                Locale.ROOT,
                "{\"runs\": [%s], \"highest\": %s, \"requests\": %d}%n",
                runs.stream().map(HttpLoadMain::json).collect(Collectors.joining(", ")),
                highest == null ? "null" : json(highest),
                load.sent());
        return 0;
    }

    /** The highest rate that is sustained: doubled or halved from the last one on, then narrowed down; null if there is none. */
    private HttpLoad.Run search(HttpLoad load, HttpLoad.Run last) throws InterruptedException {
        HttpLoad.Run sustained = last.sustained() ? last : null;
        double low = last.sustained() ? last.rate() : LOWEST;
        double high = last.sustained() ? HIGHEST : last.rate();
        for (double rate = last.rate(); rate >= LOWEST && rate <= HIGHEST; ) {
            rate = last.sustained() ? rate * 2 : rate / 2;
            HttpLoad.Run run = step(load, rate);
            if (run.sustained()) {
                sustained = run;
                low = rate;
            } else {
                high = rate;
            }
            if (run.sustained() != last.sustained()) {
                break;
            }
        }
        for (int narrowing = 0; narrowing < NARROWINGS && sustained != null; narrowing++) {
            double rate = Math.sqrt(low * high);
            HttpLoad.Run run = step(load, rate);
            if (run.sustained()) {
                sustained = run;
                low = rate;
            } else {
                high = rate;
            }
        }
        return sustained;
    }

    private HttpLoad.Run step(HttpLoad load, double rate) throws InterruptedException {
        HttpLoad.Run run = load.run((int) Math.max(1, rate), Math.min(seconds, STEP_SECONDS));
        Yardstick.progress(load.sent());
        return run;
    }

    private static String json(HttpLoad.Run run) {
        Histogram micros = run.micros();
        return String.format(
                Locale.ROOT,
                "{\"requests_per_s\": %.1f, \"asked_per_s\": %d, \"requests\": %d, \"errors\": %d, \"p50_ms\": %.3f,"
                        + " \"p90_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}",
                run.answersPerSecond(),
                run.rate(),
                run.requests(),
                run.errors(),
                micros.getValueAtPercentile(50) / 1e3,
                micros.getValueAtPercentile(90) / 1e3,
                micros.getValueAtPercentile(99) / 1e3,
                micros.getMaxValue() / 1e3);
    }
}

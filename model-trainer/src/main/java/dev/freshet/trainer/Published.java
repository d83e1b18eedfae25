package dev.freshet.trainer;

import dev.freshet.trainer.model.Settings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Figures that were published for a model on a data set, from {@code published.tsv}.
 *
 * @param metrics values by the name of the metric
 * @param source where they are from
 */
record Published(Map<String, Double> metrics, String source) {

    private static final String RESOURCE = "published.tsv";
    private static final String BACKBONE = "backbone";

    /**
     * The figures of a model, or of a model on its backbone where the model stands on several.
     *
     * @param data name of the data set's folder, such as amazon-baby or baby
     */
    static Optional<Published> of(String data, String model, Settings settings) {
        String set = data.toLowerCase(Locale.ROOT).replaceFirst("^amazon-", "");
        String name = settings.asMap().containsKey(BACKBONE) ? model + '/' + settings.text(BACKBONE) : model;
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(Published.class.getResourceAsStream(RESOURCE)), StandardCharsets.UTF_8))) {
            String[] header = lines.readLine().split("\t", -1);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] cells = line.split("\t", -1);
                if (cells[0].equals(set) && cells[1].equals(name)) {
                    Map<String, Double> metrics = new LinkedHashMap<>();
                    for (int column = 3; column < cells.length; column++) {
                        if (!cells[column].isEmpty()) {
                            metrics.put(header[column], Double.parseDouble(cells[column]));
                        }
                    }
                    return Optional.of(new Published(metrics, cells[2]));
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Items that nobody had in training: popularity, and embeddings of ids, cannot tell them apart. */
class ColdItemTest {

    private static final int USERS = 90;
    private static final int ITEMS = 60;
    private static final int FRESH = 12;

    @ParameterizedTest
    @CsvSource({
        "vbpr, 60, 0.01",
        "freedom, 60, 0.01",
        "da-mrs, 30, 0.01",
        "bm3, 60, 0.01",
        "dragon, 30, 0.003",
        "mcdrec, 15, 0.01",
    })
    void aNewItemIsFoundByThoseWhoLikeItsKind(String name, int epochs, String rate) {
        assertThat(share(trained(data(), name, epochs, rate))).isGreaterThan(.7);
    }

    /** As those of TikTok's images: thirty times as long, and most of it in one direction. */
    @ParameterizedTest
    @CsvSource({"bm3, 60, 0.01", "dragon, 30, 0.003", "freedom, 60, 0.01", "da-mrs, 60, 0.01"})
    void longFeaturesDoNotLiftNewItemsAboveTheOthers(String name, int epochs, String rate) {
        TrainingData data = data();
        Map<String, Features> longer = new TreeMap<>();
        data.features().forEach((modality, features) -> {
            float[] values = features.values().clone();
            for (int at = 0; at < values.length; at++) {
                values[at] = 30 * (values[at] + 1);
            }
            longer.put(modality, Features.of(features.dimension(), values));
        });

        Embeddings embeddings = trained(new TrainingData(data.train(), longer, Map.of(), 1), name, epochs, rate);

        assertThat(newAmongTheBest(embeddings)).isLessThan(2.0 * FRESH / ITEMS);
    }

    private static TrainingData data() {
        return PlantedData.of(USERS, ITEMS, FRESH, 8, 17);
    }

    private static Embeddings trained(TrainingData data, String name, int epochs, String rate) {
        ModelFactory factory = Models.of(name);
        Settings settings = Models.preset(factory, "paper")
                .with("dimension", "16", Settings.LEARNING_RATE, rate, Settings.BATCH, "128");
        try (Workers workers = new Workers(1);
                Backend backend = new HostBackend(1);
                Model model = factory.create(data, settings, backend, 1)) {
            assertThat(new Training(model, data.train(), settings, workers, 1).epochs(epochs, epoch -> {}))
                    .isTrue();
            return model.embed();
        }
    }

    /** Share of new items among each user's ten best. */
    private static double newAmongTheBest(Embeddings embeddings) {
        long fresh = 0;
        for (int user = 0; user < USERS; user++) {
            int of = user;
            fresh += IntStream.range(0, ITEMS)
                    .boxed()
                    .sorted(Comparator.comparingDouble(item -> -score(embeddings, of, item)))
                    .limit(10)
                    .filter(item -> item >= ITEMS - FRESH)
                    .count();
        }
        return fresh / (10.0 * USERS);
    }

    /** How often a user scores a new item of the own group above one of another group; one half is chance. */
    private static double share(Embeddings embeddings) {
        int right = 0;
        int all = 0;
        for (int user = 0; user < USERS; user++) {
            for (int a = ITEMS - FRESH; a < ITEMS; a++) {
                for (int b = ITEMS - FRESH; b < ITEMS; b++) {
                    if (PlantedData.group(a) == PlantedData.group(user)
                            && PlantedData.group(b) != PlantedData.group(user)) {
                        all++;
                        right += score(embeddings, user, a) > score(embeddings, user, b) ? 1 : 0;
                    }
                }
            }
        }
        return (double) right / all;
    }

    private static double score(Embeddings embeddings, int user, int item) {
        double sum = 0;
        for (int d = 0; d < embeddings.dimension(); d++) {
            sum += embeddings.users()[user * embeddings.dimension() + d]
                    * embeddings.items()[item * embeddings.dimension() + d];
        }
        return sum;
    }
}

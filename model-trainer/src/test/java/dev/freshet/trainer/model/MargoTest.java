package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MargoTest {

    private static final int ITEMS = 60;

    @Test
    void aModalityOfNoiseLosesWeight() {
        assertThat(imageWeight("0.5")).isLessThan(.46);
    }

    @Test
    void withoutCalibrationTheWeightsStayNearEqual() {
        assertThat(Math.abs(imageWeight("0") - .5)).isLessThan(Math.abs(imageWeight("0.5") - .5) / 2);
    }

    /** Mean weight of the images, which are noise, after both stages. */
    private static double imageWeight(String calibration) {
        TrainingData planted = PlantedData.of(90, ITEMS, 0, 8, 17);
        SplittableRandom random = new SplittableRandom(3);
        float[] noise = new float[ITEMS * 6];
        for (int at = 0; at < noise.length; at++) {
            noise[at] = (float) random.nextGaussian();
        }
        TrainingData data = new TrainingData(
                planted.train(),
                Map.of(
                        "image",
                        Features.of(6, noise),
                        "text",
                        planted.features().get("text")),
                Map.of(),
                1);
        Settings settings = Models.preset(Margo.FACTORY, "paper")
                .with("dimension", "8", Settings.LEARNING_RATE, "0.003", Settings.BATCH, "128", "neighbors", "5")
                .with("calibration-weight", calibration);
        try (Workers workers = new Workers(1);
                Backend backend = new HostBackend(1);
                Model model = Margo.FACTORY.create(data, settings, backend, 1)) {
            Training training = new Training(model, data.train(), settings, workers, 1);
            training.epochs(15, epoch -> {});
            assertThat(model.nextStage()).isTrue();
            training.epochs(25, epoch -> {});
            assertThat(model.nextStage()).isFalse();
            assertThat(model.embed().finite()).isTrue();
            float[] logits = model.parameters().stream()
                    .filter(parameter -> parameter.name().equals("modality-logits"))
                    .map(Parameter::value)
                    .findFirst()
                    .orElseThrow()
                    .toFloats();
            double sum = 0;
            for (int item = 0; item < ITEMS; item++) {
                sum += 1 / (1 + Math.exp(logits[2 * item + 1] - logits[2 * item]));
            }
            return sum / ITEMS;
        }
    }
}

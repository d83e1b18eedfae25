package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FoldInTest {

    private static final Map<String, float[]> ITEMS = Map.of(
            "x", new float[] {2, 0},
            "y", new float[] {0, 8},
            "zero", new float[] {0, 0});

    /** Trained on partition 0 up to offset 10. */
    private final Model model = ModelFixture.model(
            "v1", new Model.Cut(Map.of(0, 10L), 0), Map.of("u", new float[] {3, 0}, "v", new float[] {0, 1}), ITEMS);

    private static Taste likes(HistoryItem... items) {
        return new Taste(List.of(items), List.of());
    }

    private static HistoryItem item(String id, double weight, long offset) {
        return new HistoryItem(id, "click", weight, new Stamp(1000 + offset, 0, offset));
    }

    @Test
    void withoutNewsTheTrainedVectorStays() {
        FoldIn.Vector vector = refresh(model, "u", true, likes(item("y", 1, 9)));

        assertThat(vector.origin()).isEqualTo(FoldIn.Origin.TRAINED);
        assertThat(vector.values()).containsExactly(3, 0);
    }

    @Test
    void newsTurnTheVectorAndKeepItsLength() {
        FoldIn.Vector vector = refresh(model, "u", true, likes(item("y", 1, 10), item("x", 1, 3)));

        // (5 · (3, 0) + 1 · 3 · (0, 1)) / 6, brought to length 3.
        double length = Math.hypot(15, 3);
        assertThat(vector.origin()).isEqualTo(FoldIn.Origin.REFRESHED);
        assertThat((double) vector.values()[0]).isCloseTo(3 * 15 / length, within(1e-6));
        assertThat((double) vector.values()[1]).isCloseTo(3 * 3 / length, within(1e-6));
    }

    @Test
    void weightsCount() {
        FoldIn.Vector vector = refresh(model, "stranger", true, likes(item("x", 3, 0), item("y", 4, 1)));

        // Directions (1, 0) and (0, 1) with weights 3 and 4; the mean trained user is (3 + 1) / 2 long.
        assertThat(vector.origin()).isEqualTo(FoldIn.Origin.FOLDED_IN);
        assertThat((double) vector.values()[0]).isCloseTo(2 * 0.6, within(1e-6));
        assertThat((double) vector.values()[1]).isCloseTo(2 * 0.8, within(1e-6));
    }

    @Test
    void weightsThatAreAllZeroCountAsEqual() {
        FoldIn.Vector vector = refresh(model, "stranger", true, likes(item("x", 0, 0), item("y", 0, 1)));

        assertThat(vector.values()[0]).isEqualTo(vector.values()[1]).isPositive();
    }

    /** Training knows of no dislike, so that one from before the cut counts, too. */
    @Test
    void aDislikeTurnsTheVectorAway() {
        FoldIn.Vector vector =
                refresh(model, "u", true, new Taste(List.of(), List.of(item("y", -1, 3), item("new", -1, 4))));

        // (5 · (3, 0) − 1 · 3 · (0, 1)) / 6, brought to length 3.
        double length = Math.hypot(15, 3);
        assertThat(vector.origin()).isEqualTo(FoldIn.Origin.REFRESHED);
        assertThat((double) vector.values()[0]).isCloseTo(3 * 15 / length, within(1e-6));
        assertThat((double) vector.values()[1]).isCloseTo(-3 * 3 / length, within(1e-6));
    }

    @Test
    void manyDislikesDoNotOutvoteTheTrainedVector() {
        List<HistoryItem> dislikes = new ArrayList<>();
        for (int n = 0; n < 50; n++) {
            dislikes.add(item("y", -1, n));
        }

        assertThat(refresh(model, "u", true, new Taste(List.of(), dislikes)).values())
                .containsExactly(refresh(model, "u", true, new Taste(List.of(), dislikes.subList(0, 1)))
                        .values());
    }

    @Test
    void likesAndDislikesAddUpByTheirWeights() {
        FoldIn.Vector vector =
                refresh(model, "stranger", true, new Taste(List.of(item("x", 3, 0)), List.of(item("y", -4, 1))));

        assertThat((double) vector.values()[0]).isCloseTo(2 * 0.6, within(1e-6));
        assertThat((double) vector.values()[1]).isCloseTo(-2 * 0.8, within(1e-6));
    }

    @Test
    void aDislikeOfNoWeightTurnsNothing() {
        Taste taste = new Taste(List.of(), List.of(item("y", 0, 11)));

        assertThat(refresh(model, "u", true, taste).origin()).isEqualTo(FoldIn.Origin.TRAINED);
    }

    @Test
    void dislikesAloneAreNoVector() {
        assertThat(refresh(model, "stranger", true, new Taste(List.of(), List.of(item("x", -1, 0)))))
                .isNull();
    }

    @Test
    void thereMayBeNothingToFold() {
        assertThat(refresh(model, "stranger", true, Taste.NONE)).isNull();
        assertThat(refresh(model, "stranger", true, likes(item("new", 1, 0), item("zero", 1, 1))))
                .isNull();
    }

    @Test
    void aForgottenUserHasNoTrainedVector() {
        FoldIn.Vector vector = refresh(model, "u", false, likes(item("y", 1, 3)));

        assertThat(vector.origin()).isEqualTo(FoldIn.Origin.FOLDED_IN);
        assertThat(vector.values()).containsExactly(0, 2);
    }

    private static FoldIn.Vector refresh(Model model, String user, boolean trained, Taste taste) {
        float[] p = trained ? model.user(user) : null;
        return FoldIn.refresh(model, p == null ? null : new FoldIn.Vector(p, FoldIn.Origin.TRAINED), taste);
    }
}

package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActionWeightsTest {

    private static HistoryItem item(String action, double weight) {
        return new HistoryItem("i", action, weight, new Stamp(1, 0, 1));
    }

    private static List<Double> weights(List<HistoryItem> items) {
        return items.stream().map(HistoryItem::weight).toList();
    }

    @Test
    void anInteractionCountsWithTheProduct() {
        ActionWeights weights = ActionWeights.of(Map.of("purchase", 3.0, "view", 0.5, "dislike", -2.0));

        Taste taste = weights.taste(
                List.of(item("purchase", 2), item("view", 1), item("share", 4)), List.of(item("dislike", 0.5)));

        assertThat(weights(taste.likes())).containsExactly(6.0, 0.5, 4.0);
        assertThat(weights(taste.dislikes())).containsExactly(-1.0);
    }

    @Test
    void byDefaultTheEventsDecide() {
        Taste taste = ActionWeights.DEFAULT.taste(List.of(item("purchase", 2)), List.of(item("dislike", 3)));

        assertThat(weights(taste.likes())).containsExactly(2.0);
        assertThat(weights(taste.dislikes())).containsExactly(-3.0);
    }

    @ParameterizedTest
    @CsvSource({
        "view, -1, only dislike may be negative",
        "dislike, 1, a dislike cannot be positive",
        "view, NaN, must be finite",
        "view, Infinity, must be finite"
    })
    void whatWouldContradictTheGraphsIsRefused(String action, double weight, String reason) {
        assertThatThrownBy(() -> ActionWeights.of(Map.of(action, weight)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(action + " is ")
                .hasMessageContaining(reason);
    }
}

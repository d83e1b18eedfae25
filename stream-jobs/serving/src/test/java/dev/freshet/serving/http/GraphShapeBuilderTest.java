package dev.freshet.serving.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GraphShapeBuilderTest {

    private final GraphShapeBuilder builder = new GraphShapeBuilder();

    private void list(String node, int degree, Neighbor... neighbors) {
        builder.add(new NeighborList("g", node, List.of(neighbors), degree, 1L));
    }

    @Test
    void countsDegreesInDoublingBinsAndSimilaritiesInEvenOnes() {
        list("a", 1, new Neighbor("b", 1.0), new Neighbor("c", 0.0));
        list("b", 3, new Neighbor("c", 0.99));
        list("c", 4);

        Answers.GraphShape shape = builder.build("g", "item");

        assertThat(shape.lists()).isEqualTo(3);
        assertThat(shape.edges()).isEqualTo(3);
        assertThat(shape.complete()).isTrue();
        assertThat(shape.degrees())
                .containsExactly(new Answers.Bin(1, 2, 1), new Answers.Bin(2, 4, 1), new Answers.Bin(4, 8, 1));
        // b is in one list, c in two.
        assertThat(shape.inLists()).containsExactly(new Answers.Bin(1, 2, 1), new Answers.Bin(2, 4, 1));
        assertThat(shape.weights()).hasSize(25);
        assertThat(shape.weights().get(0).count()).isEqualTo(1);
        assertThat(shape.weights().get(24).count()).isEqualTo(2);
        assertThat(shape.weights().get(24).to()).isEqualTo(1);
        assertThat(shape.meanWeight()).isEqualTo(1.99 / 3);
    }

    @Test
    void countsAreNoSimilarities() {
        list("a", 9, new Neighbor("b", 7.0), new Neighbor("c", 2.0));

        assertThat(builder.build("g", "item").weights())
                .containsExactly(new Answers.Bin(1, 2, 0), new Answers.Bin(2, 4, 1), new Answers.Bin(4, 8, 1));
    }

    @Test
    void cosinesMayBeNegative() {
        list("a", 0, new Neighbor("b", -0.5), new Neighbor("c", 0.75));

        Answers.GraphShape shape = builder.build("g", "item");

        assertThat(shape.degrees()).isEmpty();
        assertThat(shape.weights().get(0)).isEqualTo(new Answers.Bin(-0.5, -0.44, 1));
        assertThat(shape.weights().stream().mapToLong(Answers.Bin::count).sum()).isEqualTo(2);
    }

    @Test
    void anEmptyGraphHasNoBins() {
        Answers.GraphShape shape = builder.build("g", "user");

        assertThat(shape.lists()).isZero();
        assertThat(shape.weights()).isEmpty();
        assertThat(shape.degrees()).isEmpty();
    }
}

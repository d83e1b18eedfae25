package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.schema.NodeKind;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ModelTest {

    private static final float[] V = {1, 2};

    private static Model.Builder builder(long users, long items) throws InvalidModelException {
        return new Model.Builder(ModelFixture.release("v1", 2, users, items).build());
    }

    @Test
    void holdsWhatWasTrained() throws InvalidModelException {
        Model.Builder builder = builder(1, 1);
        builder.add(NodeKind.USER, "u", new float[] {3, 4});
        builder.add(NodeKind.ITEM, "i", V);

        Model model = builder.build();

        assertThat(model.version()).isEqualTo("v1");
        assertThat(model.user("u")).containsExactly(3, 4);
        assertThat(model.user("nobody")).isNull();
        assertThat(model.items().ids()).containsExactly("i");
        assertThat(model.meanUserNorm()).isEqualTo(5);
    }

    @Test
    void refusesWhatDoesNotFitTheRelease() throws InvalidModelException {
        assertThatThrownBy(() -> builder(0, 1).add(NodeKind.ITEM, "i", new float[3]))
                .isInstanceOf(InvalidModelException.class)
                .hasMessage("the embedding of item i has 3 values; the release says dimension 2");
        assertThatThrownBy(() -> builder(1, 1).add(NodeKind.USER, "u", new float[] {1, Float.NaN}))
                .isInstanceOf(InvalidModelException.class)
                .hasMessage("the embedding of user u contains NaN");
        Model.Builder twice = builder(0, 1);
        twice.add(NodeKind.ITEM, "i", V);
        assertThatThrownBy(() -> twice.add(NodeKind.ITEM, "i", V))
                .isInstanceOf(InvalidModelException.class)
                .hasMessage("the embedding of item i comes twice");
        Model.Builder missing = builder(1, 2);
        missing.add(NodeKind.ITEM, "i", V);
        assertThatThrownBy(() -> missing.build())
                .isInstanceOf(InvalidModelException.class)
                .hasMessage("found 1 item and 0 user embeddings; the release says 2 and 1");
        assertThatThrownBy(() -> builder(5, 0)).isInstanceOf(InvalidModelException.class);
        assertThatThrownBy(() ->
                        new Model.Builder(ModelFixture.release("v1", 0, 1, 1).build()))
                .isInstanceOf(InvalidModelException.class);
    }

    @Test
    void theCutSaysWhatIsNewer() {
        Model.Cut cut = ModelFixture.model("v", new Model.Cut(Map.of(0, 100L), 9), Map.of(), Map.of("i", V))
                .cut();

        assertThat(cut.precedes(new Stamp(5, 0, 99))).isFalse();
        assertThat(cut.precedes(new Stamp(5, 0, 100))).isTrue();
        assertThat(cut.precedes(new Stamp(5, 1, 0))).isTrue();
        assertThat(cut.hasSeenErasure(8)).isTrue();
        assertThat(cut.hasSeenErasure(9)).isFalse();
    }
}

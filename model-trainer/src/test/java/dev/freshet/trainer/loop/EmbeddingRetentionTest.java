package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.OffsetRange;
import dev.freshet.testkit.ReleaseFixture;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EmbeddingRetentionTest {

    private static final int RECORDS = 100;

    /** A release whose embeddings come n-th, in two partitions. */
    private static ModelRelease release(String model, int n) {
        return ReleaseFixture.release(model, n + "-" + model)
                .setEmbeddings(List.of(
                        new OffsetRange(0, (long) RECORDS * n, (long) RECORDS * (n + 1)),
                        new OffsetRange(1, (long) RECORDS * n, (long) RECORDS * (n + 1))))
                .build();
    }

    @Test
    void namesEveryModelThatHoldsWhatOthersHaveWritten() {
        List<ModelRelease> kept = new ArrayList<>(
                List.of(release("a", 3), release("c", 4), release("b", 20), release("b", 21), release("b", 22)));

        assertThat(EmbeddingRetention.starts(kept)).isEqualTo(Map.of(0, 300L, 1, 300L));
        assertThat(EmbeddingRetention.held(kept)).isEqualTo(Map.of("a", 2L * RECORDS * 17, "c", 2L * RECORDS * 16));
        kept.set(0, release("a", 10));
        kept.set(1, release("c", 24));
        assertThat(EmbeddingRetention.held(kept)).isEmpty();
        assertThat(EmbeddingRetention.held(List.of(release("b", 22)))).isEmpty();
    }
}

package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.codec.Vectors;
import dev.freshet.schema.Embedding;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.OffsetRange;
import dev.freshet.schema.Reason;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.testkit.ReleaseFixture;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is wrong is found, and nothing else. */
class ListAuditIT {

    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private final TestKafka kafka = TestKafka.shared();

    @BeforeEach
    void topics() {
        kafka.freshTopics(1);
        embedding("v1", NodeKind.USER, "u", 1, 0);
        embedding("v1", NodeKind.ITEM, "a", 2, 0);
        embedding("v1", NodeKind.ITEM, "b", 1, 5);
        parameter("v1");
        release("v1", 0, 4, 1);
    }

    @Test
    void findsWhatIsMixedStaleHalfPublishedAndMissing() throws Exception {
        try (ListAudit audit = new ListAudit(kafka.bootstrapServers(), 1)) {
            // It came since the snapshot, and serving has worked its vector out.
            kafka.send(
                    Topic.EMBEDDINGS,
                    Keys.node(NodeKind.ITEM, "late"),
                    new Embedding(NodeKind.ITEM, "late", Vectors.toList(1, 1), "v1", NOON));
            list(1, 0, "late", "b");
            // Of the same millisecond.
            list(1, 1, "a", "b");
            await(audit::proven, 2);
            audit.finish(Map.of("u", NOON.plusSeconds(1)));
            assertThat(audit.violations()).isEmpty();

            list(2, 3, "b", "a");
            await(audit::proven, 3);
            list(3, 2, "a", "unknown");
            await(audit::proven, 4);
            embedding("v2", NodeKind.USER, "u", 1, 0);
            release("v2", 4, 5, 2);
            await(audit::releases, 2);
            embedding("v3", NodeKind.ITEM, "a", 1, 0);
            audit.finish(Map.of("nobody", NOON));

            assertThat(audit.violations())
                    .satisfiesExactly(
                            mixed -> assertThat(mixed).contains("not of v1 alone"),
                            stale -> assertThat(stale).contains("u has a list of 2026-01-01T12:00:02Z after one of"),
                            half -> assertThat(half).contains("v2 has 1 of 2 users and 0 of 2 items"),
                            missing -> assertThat(missing).startsWith("nobody did something at"),
                            stray -> assertThat(stray).contains("[v3], which were never released"));
            assertThat(audit.violated()).isEqualTo(6);
            assertThat(audit.answers()).isEqualTo(4);
        }
    }

    private static void await(LongSupplier count, long expected) throws InterruptedException {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(60));
        while (count.getAsLong() < expected) {
            assertThat(Instant.now()).isBefore(deadline);
            Thread.sleep(20);
        }
    }

    /** A list of the first model for a user whose vector is (1, 0), and the vector. */
    private void list(int generated, int caused, String first, String second) {
        Instant at = NOON.plusSeconds(generated);
        kafka.send(
                Topic.RECOMMENDATIONS,
                "u",
                new Recommendations(
                        "u", List.of(byModel(first, 1), byModel(second, .5)), "v1", 0L, at, NOON.plusSeconds(caused)));
        kafka.send(
                Topic.EMBEDDINGS,
                Keys.node(NodeKind.USER, "u"),
                new Embedding(NodeKind.USER, "u", Vectors.toList(1, 0), "v1", at));
    }

    private static RecommendedItem byModel(String item, double score) {
        return new RecommendedItem(item, score, List.of(new Reason("model", null, 1.0, Map.of(), null)));
    }

    private void embedding(String version, NodeKind kind, String id, float... vector) {
        kafka.send(
                Topic.MODEL_EMBEDDINGS,
                Keys.modelEmbedding(version, kind, id),
                ReleaseFixture.embedding(version, kind, id, vector).build());
    }

    private void parameter(String version) {
        kafka.send(
                Topic.MODEL_EMBEDDINGS,
                Keys.modelParameter(version, "gate", 0),
                ReleaseFixture.row(version, "gate", 0, 1));
    }

    private void release(String version, long start, long end, long users) {
        kafka.send(
                Topic.MODELS,
                "m",
                ReleaseFixture.release("m", version)
                        .setDimension(2)
                        .setUsers(users)
                        .setItems(2)
                        .setEmbeddings(List.of(new OffsetRange(0, start, end)))
                        .build());
    }
}

package dev.freshet.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RecommendationCheckIT {

    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private final TestKafka kafka = TestKafka.shared();

    @BeforeEach
    void topics() {
        kafka.freshTopics(2);
    }

    @Test
    void countsWhatIsLiveAndRecommended() {
        interaction("u1", "i1", "click", 0);
        interaction("u1", "i2", "click", 1);
        interaction("u2", "i1", "click", 0);
        recommend("u1", "i2", "i3");
        recommend("u2", "i2", "i3");

        RecommendationCheck.Result result = check();

        assertThat(result.liveUsers()).isEqualTo(2);
        assertThat(result.servedUsers()).isEqualTo(2);
        assertThat(result.recommended()).isEqualTo(4);
        assertThat(result.violations()).isEqualTo(1);
        assertThat(result.examples()).containsExactly("u1 has i2");
        assertThat(result.holds()).isFalse();
    }

    @Test
    void theLatestEventByItsTimeDecides() {
        interaction("u1", "i1", "remove", 5);
        interaction("u1", "i1", "click", 1);
        interaction("u1", "i2", "click", 0);
        interaction("u2", "i1", "cancel", 1);
        interaction("u2", "i1", "click", 1);
        recommend("u1", "i1");
        recommend("u2", "i1");

        // u2's click has the time of the cancellation, and a higher offset.
        assertThat(check().examples()).containsExactly("u2 has i1");
    }

    @Test
    void whatAUserDislikesIsNotToBeRecommendedEither() {
        interaction("u1", "i1", "click", 0);
        interaction("u1", "i2", "click", 0);
        interaction("u1", "i2", "dislike", 1);
        interaction("u2", "i1", "dislike", 0);
        recommend("u1", "i2", "i3");

        RecommendationCheck.Result result = check();

        // Of u2 nothing is live, so nobody waits for a list.
        assertThat(result.liveUsers()).isEqualTo(1);
        assertThat(result.examples()).containsExactly("u1 dislikes i2");
    }

    @Test
    void theLatestRecommendationsCountAndMissingOnesAreSeen() {
        interaction("u1", "i1", "click", 0);
        interaction("u2", "i1", "click", 0);
        recommend("u1", "i1");
        recommend("u1", "i2");

        RecommendationCheck.Result result = check();

        assertThat(result.violations()).isZero();
        assertThat(result.liveUsers()).isEqualTo(2);
        assertThat(result.servedUsers()).isEqualTo(1);
        assertThat(result.holds()).isFalse();

        recommend("u2", "i2");
        assertThat(check().holds()).isTrue();
    }

    @Test
    void whatCannotCountOrIsErasedIsNotLive() {
        interaction("u1", "i1", "click", 0);
        interaction("u2", " ", "click", 0);
        kafka.sendBytes("interactions", "u3".getBytes(StandardCharsets.UTF_8), new byte[] {1, 2, 3});
        kafka.send(
                Topic.ERASURES,
                Keys.node(NodeKind.USER, "u1"),
                Erasure.newBuilder()
                        .setKind(NodeKind.USER)
                        .setId("u1")
                        .setRequestedAt(NOON.plusSeconds(60))
                        .build());
        recommend("u1", "i1");

        RecommendationCheck.Result result = check();

        assertThat(result.liveUsers()).isZero();
        assertThat(result.violations()).isZero();
    }

    @Test
    void waitsForServing() throws Exception {
        interaction("u1", "i1", "click", 0);
        Thread serving = new Thread(() -> recommend("u1", "i2"));
        serving.start();

        assertThat(new RecommendationCheck(kafka.bootstrapServers())
                        .await(Duration.ofSeconds(30))
                        .holds())
                .isTrue();
        serving.join();
    }

    private RecommendationCheck.Result check() {
        return new RecommendationCheck(kafka.bootstrapServers()).check();
    }

    private void interaction(String user, String item, String action, int second) {
        kafka.send(
                Topic.INTERACTIONS,
                user,
                Interaction.newBuilder()
                        .setUser(user)
                        .setItem(item)
                        .setAction(action)
                        .setEventTime(NOON.plusSeconds(second))
                        .build());
    }

    private void recommend(String user, String... items) {
        List<RecommendedItem> recommended = Arrays.stream(items)
                .map(item -> RecommendedItem.newBuilder()
                        .setItem(item)
                        .setScore(1)
                        .setReasons(List.of())
                        .build())
                .toList();
        kafka.send(
                Topic.RECOMMENDATIONS,
                user,
                Recommendations.newBuilder()
                        .setUser(user)
                        .setItems(recommended)
                        .setModelVersion(null)
                        .setGraphVersion(0)
                        .setGeneratedAt(NOON)
                        .setCausedBy(null)
                        .build());
    }
}

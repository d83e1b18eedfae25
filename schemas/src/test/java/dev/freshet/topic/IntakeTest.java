package dev.freshet.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.Vectors;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.NodeKind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class IntakeTest {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    @Test
    void actionsRemoveOrMakeLive() {
        for (String action : new String[] {"remove", "cancel", "dislike"}) {
            assertThat(Intake.isRemoval(interaction(i -> i.setAction(action)))).isTrue();
            assertThat(Intake.isDislike(action)).isEqualTo(action.equals("dislike"));
        }
        for (String action : new String[] {"view", "purchase", "removed", "REMOVE", "anything"}) {
            assertThat(Intake.isRemoval(interaction(i -> i.setAction(action)))).isFalse();
        }
    }

    @Test
    void goodInteractionsPass() {
        accepted(i -> {});
        accepted(i -> i.setWeight(0));
        accepted(i -> i.setEventTime(Instant.ofEpochMilli(-428_720_400_000L)));
        accepted(i -> i.setEventTime(NOW.plus(Intake.MAX_AHEAD)));
        accepted(i -> i.setUser("x".repeat(Intake.MAX_ID_LENGTH)));
        accepted(i -> i.setAction("x".repeat(Intake.MAX_ACTION_LENGTH)));
        accepted(i -> i.setItem("наб ор:1"));
    }

    @Test
    void badInteractionsAreRefusedWithTheRule() {
        refused(i -> i.setUser(""), "user id is empty");
        refused(i -> i.setUser(" \t"), "user id is empty");
        refused(i -> i.setItem(""), "item id is empty");
        refused(i -> i.setItem("x".repeat(Intake.MAX_ID_LENGTH + 1)), "513 characters");
        refused(i -> i.setAction(" "), "action is empty");
        refused(i -> i.setAction("x".repeat(Intake.MAX_ACTION_LENGTH + 1)), "action has 65 characters");
        refused(i -> i.setWeight(Double.NaN), "weight is NaN");
        refused(i -> i.setWeight(-0.5), "weight is -0.5");
        refused(i -> i.setWeight(Double.POSITIVE_INFINITY), "weight is Infinity");
        refused(i -> i.setEventTime(NOW.plus(Intake.MAX_AHEAD).plusMillis(1)), "more than a day ahead");
        refused(i -> i.setEventTime(Instant.parse("2100-01-01T00:00:00Z")), "2100-01-01");
        refused(i -> i.setEventTime(Instant.ofEpochMilli(Long.MAX_VALUE)), "more than a day ahead");
    }

    @Test
    void vectorsAreFiniteAndOfTheDeclaredLength() throws BadRecordException {
        Map<String, Integer> declared = Map.of("image", 2);
        Intake.check(item(Map.of()), declared);
        Intake.check(item(Map.of("image", new float[] {1, 2}, "text", new float[] {1, 2, 3})), declared);
        refused(item(Map.of("image", new float[] {1})), declared, "has 1 values, but the modality was declared with 2");
        refused(item(Map.of("text", new float[0])), declared, "text vector is empty");
        refused(item(Map.of("image", new float[] {1, Float.NaN})), declared, "NaN at position 1");
        refused(item(Map.of("image", new float[] {Float.NEGATIVE_INFINITY, 1})), declared, "-Infinity at position 0");
        refused(item(Map.of("a:b", new float[] {1})), declared, "modality 'a:b' is no name");
        refused(item(Map.of("../image", new float[] {1})), declared, "modality '../image' is no name");
        refused(item(Map.of("", new float[] {1})), declared, "modality '' is no name");
        refused(item(Map.of("x".repeat(5000), new float[] {1})), declared, "x…' is no name");
        refused(item(Map.of("text", new float[Intake.MAX_DIMENSION + 1])), declared, "16385 values; at most 16384");
        Item nameless = item(Map.of());
        nameless.setItem("");
        refused(nameless, declared, "item id is empty");
    }

    @Test
    void modalitiesAreFew() throws BadRecordException {
        Map<String, Integer> declared = new TreeMap<>();
        for (int modality = 0; modality < Intake.MAX_MODALITIES; modality++) {
            Intake.check(item(Map.of("m" + modality, new float[] {1})), declared);
            declared.put("m" + modality, 1);
        }
        Intake.check(item(Map.of("m0", new float[] {1})), declared);
        refused(item(Map.of("image-17", new float[] {1})), declared, "image-17 would be one modality more than 16");
    }

    @Test
    void anItemIsKeyedByItsId() {
        assertThatCode(() -> Intake.check(bytes("i"), item(Map.of()), Map.of())).doesNotThrowAnyException();
        for (byte[] key : new byte[][] {null, {}, bytes("item:i")}) {
            assertThatThrownBy(() -> Intake.check(key, item(Map.of()), Map.of()))
                    .isInstanceOf(BadRecordException.class)
                    .hasMessageContaining("key every item by its id");
        }
    }

    private static byte[] bytes(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void keysAreTold() {
        assertThat(Keys.neighbors("item-jaccard", "a:b")).isEqualTo("item-jaccard:a:b");
        assertThat(Keys.node(NodeKind.USER, "7")).isEqualTo("user:7");
        assertThat(Keys.modelEmbedding("v1", NodeKind.ITEM, "7")).isEqualTo("v1:item:7");
    }

    private static Interaction interaction(Consumer<Interaction> change) {
        Interaction interaction = new Interaction("u", "i", "view", 1.0, NOW.minus(Duration.ofHours(1)), null);
        change.accept(interaction);
        return interaction;
    }

    @Test
    void anInteractionIsKeyedByItsUser() {
        Interaction interaction = interaction(i -> i.setUser("ü"));
        byte[] user = "ü".getBytes(StandardCharsets.UTF_8);

        assertThatCode(() -> Intake.check(user, interaction, NOW.toEpochMilli()))
                .doesNotThrowAnyException();
        for (byte[] key : new byte[][] {null, {}, {1}, "v".getBytes(StandardCharsets.UTF_8)}) {
            assertThatThrownBy(() -> Intake.check(key, interaction, NOW.toEpochMilli()))
                    .isInstanceOf(BadRecordException.class)
                    .hasMessageContaining("key every interaction by its user");
        }
    }

    @Test
    void anErasureNamesWhatHasHappened() {
        for (NodeKind kind : NodeKind.values()) {
            assertThatCode(() -> Intake.check(new Erasure(kind, "x", NOW), NOW.toEpochMilli()))
                    .doesNotThrowAnyException();
            assertThatThrownBy(() -> Intake.check(new Erasure(kind, " ", NOW), NOW.toEpochMilli()))
                    .isInstanceOf(BadRecordException.class)
                    .hasMessageContaining("id is empty");
            assertThatThrownBy(() -> Intake.check(
                            new Erasure(kind, "x", NOW.plus(Intake.MAX_AHEAD).plusMillis(1)), NOW.toEpochMilli()))
                    .isInstanceOf(BadRecordException.class)
                    .hasMessageContaining("cannot be forgotten");
        }
    }

    private static void accepted(Consumer<Interaction> change) {
        assertThatCode(() -> Intake.check(interaction(change), NOW.toEpochMilli()))
                .doesNotThrowAnyException();
    }

    private static void refused(Consumer<Interaction> change, String reason) {
        assertThatThrownBy(() -> Intake.check(interaction(change), NOW.toEpochMilli()))
                .isInstanceOf(BadRecordException.class)
                .hasMessageContaining(reason)
                .hasMessageNotContaining("\n");
    }

    private static Item item(Map<String, float[]> vectors) {
        Item item = Item.newBuilder().setItem("i").build();
        vectors.forEach((modality, vector) -> item.getFeatures().put(modality, Vectors.toList(vector)));
        return item;
    }

    private static void refused(Item item, Map<String, Integer> declared, String reason) {
        assertThatThrownBy(() -> Intake.check(item, declared))
                .isInstanceOf(BadRecordException.class)
                .hasMessageContaining(reason);
    }
}

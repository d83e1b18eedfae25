package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.schema.Item;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ItemFilterTest {

    private static final Map<String, String> RED_SHOES = Map.of("category", "shoes", "colour", "red");

    private static boolean admits(ItemFilter filter, Map<String, String> attributes) {
        return filter.admits(
                "i",
                Optional.of(
                        Item.newBuilder().setItem("i").setAttributes(attributes).build()));
    }

    private static ItemFilter allow(String... rules) {
        return ItemFilter.of(List.of(rules), List.of(), List.of());
    }

    private static ItemFilter deny(String... rules) {
        return ItemFilter.of(List.of(), List.of(rules), List.of());
    }

    @Test
    void ofEveryAttributeThatIsNamedOneValueIsNeeded() {
        assertThat(admits(allow("category:shoes", "category:hats"), RED_SHOES)).isTrue();
        assertThat(admits(allow("category:shoes", "colour:red"), RED_SHOES)).isTrue();
        assertThat(admits(allow("category:shoes", "colour:blue"), RED_SHOES)).isFalse();
        assertThat(admits(allow("category:Shoes"), RED_SHOES)).isFalse();
        assertThat(admits(allow("size:9"), RED_SHOES)).isFalse();
        assertThat(allow("category:shoes").admits("i", Optional.empty())).isFalse();
    }

    @Test
    void oneDeniedValueIsEnough() {
        assertThat(admits(deny("category:hats", "colour:red"), RED_SHOES)).isFalse();
        assertThat(admits(deny("category:hats", "size:9"), RED_SHOES)).isTrue();
        assertThat(deny("category:hats").admits("i", Optional.empty())).isTrue();
    }

    @Test
    void whatIsHiddenIsNotOffered() {
        ItemFilter filter = ItemFilter.of(List.of(), List.of(), List.of("i"));

        assertThat(filter.admits("i", Optional.empty())).isFalse();
        assertThat(filter.admits("j", Optional.empty())).isTrue();
    }

    @Test
    void aValueMayHaveColons() {
        assertThat(admits(allow("code:a:b"), Map.of("code", "a:b"))).isTrue();
    }

    @Test
    void noRuleAdmitsAll() {
        assertThat(ItemFilter.NONE.isEmpty()).isTrue();
        assertThat(allow("a:b").isEmpty()).isFalse();
        assertThat(admits(ItemFilter.NONE, Map.of())).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"shoes", ":shoes", "category:", ""})
    void aRuleHasAnAttributeAndAValue(String rule) {
        assertThatThrownBy(() -> deny(rule))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'" + rule + "' is no ATTRIBUTE:VALUE, such as category:shoes");
    }
}

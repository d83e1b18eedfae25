package dev.freshet.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitTest {

    private static final int USERS = 100_000;

    private static String arm(Split split, String user) {
        return split.arms().get(split.arm(user)).name();
    }

    /** The arms were computed apart from this code, by Python's hashlib. */
    @Test
    void aUserStaysInTheirArmForever() {
        Split split = Split.of("spumr=80,lightgcn=20", Split.SALT);

        assertThat(IntStream.range(0, 12).mapToObj(user -> arm(split, "u" + user)))
                .containsExactly(
                        "spumr",
                        "spumr",
                        "spumr",
                        "lightgcn",
                        "spumr",
                        "spumr",
                        "spumr",
                        "spumr",
                        "spumr",
                        "spumr",
                        "spumr",
                        "spumr");
        assertThat(arm(split, "ü")).isEqualTo("spumr");
        Split reordered = Split.of(" lightgcn=20.0 ,spumr=80", Split.SALT);
        assertThat(IntStream.range(0, 1000).allMatch(user -> split.arm("u" + user) == reordered.arm("u" + user)))
                .isTrue();
        assertThat(reordered.id()).isEqualTo(split.id());
        assertThat(split).hasToString("lightgcn=20,spumr=80");
    }

    @Test
    void armsHaveTheirSharesAndSaltsAreIndependent() {
        Split split = Split.of("a=1,b=2,c=1", "one");
        Split other = Split.of("a=1,b=2,c=1", "two");
        int[] counts = new int[3];
        int both = 0;
        for (int user = 0; user < USERS; user++) {
            counts[split.arm("u" + user)]++;
            both += split.arm("u" + user) == 1 && other.arm("u" + user) == 1 ? 1 : 0;
        }

        // Five standard deviations of a binomial.
        assertThat(counts[0]).isCloseTo(USERS / 4, within(700));
        assertThat(counts[1]).isCloseTo(USERS / 2, within(800));
        assertThat(both).isCloseTo(USERS / 4, within(700));
        assertThat(split.id()).isNotEqualTo(other.id());
    }

    @Test
    void moreForOneArmMovesNobodyElse() {
        Split before = Split.of("a=80,b=20", Split.SALT);
        Split after = Split.of("a=90,b=10", Split.SALT);

        assertThat(IntStream.range(0, 1000).filter(user -> before.arm("u" + user) == 0))
                .allMatch(user -> after.arm("u" + user) == 0);
    }

    @Test
    void withoutASplitThereIsOneArmOfAllModels() {
        assertThat(Split.NONE.arm("anyone")).isZero();
        assertThat(Split.NONE.armOf("spumr")).isEqualTo(Split.ALL);
        assertThat(Split.NONE.indexOf(Split.ALL)).isZero();
        Split split = Split.of("spumr=50,lightgcn=50", Split.SALT);
        assertThat(split.armOf("freedom")).isEqualTo("freedom");
        assertThat(split.indexOf("freedom")).isEqualTo(-1);
        assertThat(split.serves("freedom")).isFalse();
        assertThat(split.serves("spumr") && Split.NONE.serves("freedom")).isTrue();
        assertThat(split.arms().get(split.control()).name()).isEqualTo("lightgcn");
        assertThat(Split.of("a=1,b=3,c=3", Split.SALT).control()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "''; is no MODEL=WEIGHT",
                "spumr; is no MODEL=WEIGHT",
                "spumr=80,; is no MODEL=WEIGHT",
                "spumr=-1; is no MODEL=WEIGHT",
                "spumr=NaN; is no MODEL=WEIGHT",
                "spumr=0,lightgcn=1; spumr has the weight 0",
                "spumr=1,spumr=2; comes twice",
                "all=1; is no model"
            })
    void saysWhatIsWrong(String text, String why) {
        assertThatThrownBy(() -> Split.of(text, Split.SALT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why.strip());
    }
}

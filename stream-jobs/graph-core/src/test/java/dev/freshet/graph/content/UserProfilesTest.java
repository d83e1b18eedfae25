package dev.freshet.graph.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.schema.Neighbor;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class UserProfilesTest {

    private static final String TEXT = "text";

    /** Something that happens. */
    sealed interface Step {}

    record Link(int user, int item) implements Step {}

    record Unlink(int user, int item) implements Step {}

    record PutItem(int item, int vector) implements Step {}

    record RemoveItem(int item) implements Step {}

    record Drain() implements Step {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> user = Arbitraries.integers().between(0, 11);
        Arbitrary<Integer> item = Arbitraries.integers().between(0, 14);
        Arbitrary<Step> link = Combinators.combine(user, item).as(Link::new);
        Arbitrary<Step> unlink = Combinators.combine(user, item).as(Unlink::new);
        Arbitrary<Step> put = Combinators.combine(item, Arbitraries.integers().between(0, 200))
                .as(PutItem::new);
        return Arbitraries.frequencyOf(
                        Tuple.of(20, link),
                        Tuple.of(14, unlink),
                        Tuple.of(8, put),
                        Tuple.of(3, item.map(RemoveItem::new)),
                        Tuple.of(4, Arbitraries.just(new Drain())))
                .list()
                .ofMaxSize(160);
    }

    @Property(tries = 1500)
    void incrementalEqualsBatch(
            @ForAll("steps") List<Step> steps,
            @ForAll @IntRange(min = 1, max = 5) int dimension,
            @ForAll @IntRange(min = 1, max = 4) int k) {
        UserProfiles profiles = new UserProfiles();
        ContentNeighbors graph = new ContentNeighbors(dimension, k, 1);
        Map<String, Set<String>> sets = new TreeMap<>();
        Map<String, float[]> vectors = new TreeMap<>();
        for (Step step : steps) {
            if (step instanceof Link link) {
                assertThat(profiles.link("u" + link.user, "i" + link.item))
                        .isEqualTo(sets.computeIfAbsent("u" + link.user, user -> new TreeSet<>())
                                .add("i" + link.item));
            } else if (step instanceof Unlink unlink) {
                assertThat(profiles.unlink("u" + unlink.user, "i" + unlink.item))
                        .isEqualTo(sets.getOrDefault("u" + unlink.user, new TreeSet<>())
                                .remove("i" + unlink.item));
            } else if (step instanceof PutItem put) {
                float[] vector = vector(put.vector, dimension);
                profiles.putItem(TEXT, "i" + put.item, vector.clone());
                vectors.put("i" + put.item, vector);
            } else if (step instanceof RemoveItem remove) {
                assertThat(profiles.removeItem(TEXT, "i" + remove.item))
                        .isEqualTo(vectors.remove("i" + remove.item) != null);
            } else if (step instanceof Drain) {
                drainTo(profiles, graph);
                check(profiles, graph, sets, vectors, dimension, k);
            }
        }
        drainTo(profiles, graph);
        check(profiles, graph, sets, vectors, dimension, k);
        assertThat(drained(profiles)).as("passed on again").isEmpty();
    }

    private static void check(
            UserProfiles profiles,
            ContentNeighbors graph,
            Map<String, Set<String>> sets,
            Map<String, float[]> vectors,
            int dimension,
            int k) {
        SortedMap<String, float[]> means = new TreeMap<>();
        sets.forEach((user, items) -> {
            float[] mean = mean(items, vectors, dimension);
            assertThat(profiles.profile(TEXT, user)).as(user).isEqualTo(mean);
            if (mean != null) {
                means.put(user, mean);
            }
        });
        SortedMap<String, List<Neighbor>> expected = Oracle.neighbors(means, k);
        for (int u = 0; u < 12; u++) {
            assertThat(graph.neighbors("u" + u)).isEqualTo(expected.getOrDefault("u" + u, List.of()));
        }
    }

    private static float[] mean(Set<String> items, Map<String, float[]> vectors, int dimension) {
        double[] sum = new double[dimension];
        int count = 0;
        for (String item : items) {
            if (vectors.containsKey(item)) {
                count++;
                for (int c = 0; c < dimension; c++) {
                    sum[c] += vectors.get(item)[c];
                }
            }
        }
        if (count == 0) {
            return null;
        }
        float[] mean = new float[dimension];
        for (int c = 0; c < dimension; c++) {
            mean[c] = (float) (sum[c] / count);
        }
        return mean;
    }

    private static float[] vector(int seed, int dimension) {
        Random random = new Random(seed);
        float[] vector = new float[dimension];
        for (int c = 0; c < dimension; c++) {
            vector[c] = seed % 2 == 0
                    ? random.nextInt(4) - 2
                    : (float) (random.nextGaussian() * Math.pow(10, random.nextInt(20) - 10));
        }
        return vector;
    }

    private static void drainTo(UserProfiles profiles, ContentNeighbors graph) {
        profiles.drain(TEXT, (user, profile) -> {
            if (profile == null) {
                graph.remove(user);
            } else {
                graph.put(user, profile);
            }
        });
        graph.flush();
    }

    @Test
    void aProfileIsTheMeanOfTheItemsThatHaveAVector() {
        UserProfiles profiles = new UserProfiles();
        profiles.putItem(TEXT, "a", new float[] {1, 2});
        profiles.putItem(TEXT, "b", new float[] {3, -4});
        for (String item : List.of("a", "b", "blank")) {
            profiles.link("u", item);
        }
        profiles.link("v", "blank");
        assertThat(profiles.profile(TEXT, "u")).containsExactly(2, -1);
        assertThat(profiles.profile(TEXT, "v")).isNull();
        assertThat(profiles.profile(TEXT, "nobody")).isNull();
        assertThat(profiles.users()).isEqualTo(2);
    }

    @Test
    void onlyUsersWhoseProfileMayHaveChangedArePassedOn() {
        UserProfiles profiles = new UserProfiles();
        profiles.putItem(TEXT, "a", new float[] {1});
        profiles.link("u", "a");
        profiles.link("v", "a");
        profiles.link("w", "b");
        assertThat(drained(profiles)).containsExactly("u", "v");
        profiles.link("u", "b");
        profiles.link("v", "a");
        profiles.putItem(TEXT, "a", new float[] {1});
        assertThat(drained(profiles)).isEmpty();
        profiles.putItem(TEXT, "b", new float[] {2});
        assertThat(drained(profiles)).containsExactly("u", "w");
        profiles.removeItem(TEXT, "a");
        profiles.unlink("v", "a");
        assertThat(drained(profiles)).containsExactly("u", "v");
    }

    @Test
    void modalitiesAreApart() {
        UserProfiles profiles = new UserProfiles();
        profiles.putItem("image", "a", new float[] {1, 2, 3});
        profiles.putItem(TEXT, "b", new float[] {4});
        profiles.link("u", "a");
        profiles.link("u", "b");
        assertThat(profiles.pending("image")).isEqualTo(1);
        assertThat(profiles.profile("image", "u")).containsExactly(1, 2, 3);
        assertThat(profiles.profile(TEXT, "u")).containsExactly(4);
        assertThat(profiles.profile("audio", "u")).isNull();
        profiles.drain("image", (user, profile) -> {});
        assertThat(profiles.pending("image")).isZero();
        assertThat(drained(profiles)).containsExactly("u");
    }

    private static List<String> drained(UserProfiles profiles) {
        List<String> users = new ArrayList<>();
        profiles.drain(TEXT, (user, profile) -> users.add(user));
        return users;
    }

    /** Whatever was in between, and however large: a running sum in floating point would not come back. */
    @Test
    void aProfileRemembersNothing() {
        UserProfiles profiles = new UserProfiles();
        float[] values = {0.1f, 1e30f, -7e-20f, 3e38f, 1e-45f};
        for (int i = 0; i < values.length; i++) {
            profiles.putItem(TEXT, "i" + i, new float[] {values[i]});
            profiles.link("u", "i" + i);
        }
        BigDecimal sum = BigDecimal.ZERO;
        for (float value : values) {
            sum = sum.add(new BigDecimal(value));
        }
        assertThat((double) profiles.profile(TEXT, "u")[0])
                .isCloseTo(
                        sum.divide(BigDecimal.valueOf(values.length), MathContext.DECIMAL64)
                                .doubleValue(),
                        within(1e31));
        for (int i = 1; i < values.length; i++) {
            profiles.unlink("u", "i" + i);
        }
        assertThat(profiles.profile(TEXT, "u")).containsExactly(0.1f);
    }

    @Test
    void badVectors() {
        UserProfiles profiles = new UserProfiles();
        profiles.putItem(TEXT, "b", new float[2]);
        assertThatThrownBy(() -> profiles.putItem(TEXT, "a", new float[] {1}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("vector of a has 1 values; it must have 2");
        assertThatThrownBy(() -> profiles.putItem(TEXT, "a", new float[] {1, Float.POSITIVE_INFINITY}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("value 1 of the vector of a is Infinity; it must be finite");
    }
}

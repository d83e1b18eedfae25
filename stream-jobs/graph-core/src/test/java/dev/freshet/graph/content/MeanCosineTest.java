package dev.freshet.graph.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MeanCosineTest {

    private static final List<String> MODALITIES = List.of("image", "text");

    /** Something that happens to one modality. */
    sealed interface Step {}

    record Put(int modality, int id, int vector) implements Step {}

    record Remove(int modality, int id) implements Step {}

    record Restart(int modality) implements Step {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> modality = Arbitraries.integers().between(0, 1);
        Arbitrary<Integer> id = Arbitraries.integers().between(0, 19);
        Arbitrary<Step> put = Combinators.combine(
                        modality, id, Arbitraries.integers().between(0, 300))
                .as(Put::new);
        Arbitrary<Step> remove = Combinators.combine(modality, id).as(Remove::new);
        return Arbitraries.frequencyOf(Tuple.of(20, put), Tuple.of(8, remove), Tuple.of(1, modality.map(Restart::new)))
                .list()
                .ofMaxSize(120);
    }

    @Property(tries = 1500)
    void incrementalEqualsBatch(
            @ForAll("steps") List<Step> steps, @ForAll @IntRange(min = 1, max = 9) int dimension, @ForAll long order) {
        Map<String, ContentNeighbors> tables = new HashMap<>();
        Map<String, Map<String, float[]>> vectors = new HashMap<>();
        for (String modality : MODALITIES) {
            tables.put(modality, new ContentNeighbors(dimension, 2, 1));
            vectors.put(modality, new TreeMap<>());
        }
        for (Step step : steps) {
            if (step instanceof Put put) {
                String modality = MODALITIES.get(put.modality);
                float[] vector = vector(put.vector, dimension);
                tables.get(modality).put("i" + put.id, vector);
                vectors.get(modality).put("i" + put.id, vector);
            } else if (step instanceof Remove remove) {
                String modality = MODALITIES.get(remove.modality);
                tables.get(modality).remove("i" + remove.id);
                vectors.get(modality).remove("i" + remove.id);
            } else if (step instanceof Restart restart) {
                tables.computeIfPresent(
                        MODALITIES.get(restart.modality), (name, table) -> again(vectors.get(name), dimension));
            }
        }
        for (String modality : MODALITIES) {
            Double mean = tables.get(modality).meanCosine();
            assertThat(mean).isEqualTo(anotherHistory(vectors.get(modality), dimension, order));
            assertMean(Oracle.units(vectors.get(modality)), mean);
        }
    }

    /** The mean of a table that got the same vectors at once, in another order. */
    private static Double anotherHistory(Map<String, float[]> vectors, int dimension, long order) {
        ContentNeighbors table = new ContentNeighbors(dimension, 2, 1);
        List<String> ids = new ArrayList<>(vectors.keySet());
        Collections.shuffle(ids, new Random(order));
        ids.forEach(id -> table.put(id, vectors.get(id)));
        return table.meanCosine();
    }

    /** Against the mean of all products of the unit vectors, without any rounding. */
    private static void assertMean(Map<String, float[]> units, double mean) {
        if (units.isEmpty()) {
            assertThat(mean).isNaN();
            return;
        }
        BigDecimal sum = BigDecimal.ZERO;
        for (float[] a : units.values()) {
            for (float[] b : units.values()) {
                for (int c = 0; c < a.length; c++) {
                    sum = sum.add(new BigDecimal(a[c]).multiply(new BigDecimal(b[c])));
                }
            }
        }
        BigDecimal pairs = BigDecimal.valueOf((long) units.size() * units.size());
        assertThat(mean).isCloseTo(sum.divide(pairs, MathContext.DECIMAL64).doubleValue(), within(1e-11));
    }

    private static float[] vector(int seed, int dimension) {
        Random random = new Random(seed);
        float[] vector = new float[dimension];
        for (int c = 0; c < dimension; c++) {
            vector[c] = seed % 2 == 0
                    ? random.nextInt(4) - 1
                    : (float) (random.nextGaussian() * Math.pow(10, random.nextInt(12) - 6));
        }
        return vector;
    }

    private static ContentNeighbors again(Map<String, float[]> vectors, int dimension) {
        ContentNeighbors table = new ContentNeighbors(dimension, 2, 1);
        vectors.forEach(table::put);
        return table;
    }

    @Test
    void knownMeans() {
        // MODELS.md §13.
        ContentNeighbors image = new ContentNeighbors(2, 2, 1);
        ContentNeighbors text = new ContentNeighbors(2, 2, 1);
        float[][] images = {{1, 0}, {.8f, .6f}, {0, 1}, {-.6f, .8f}};
        float[][] texts = {{1, 0}, {.6f, .8f}, {.8f, .6f}, {0, 1}};
        for (int i = 0; i < 4; i++) {
            image.put("" + i, images[i]);
            text.put("" + i, texts[i]);
        }
        assertThat(image.meanCosine()).isCloseTo(.45, within(1e-7));
        assertThat(text.meanCosine()).isCloseTo(.72, within(1e-7));
    }

    @Test
    void thereAndBackLeavesNothing() {
        ContentNeighbors table = new ContentNeighbors(3, 2, 1);
        table.put("a", new float[] {1, 2, 3});
        double alone = table.meanCosine();
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            table.put("b" + i % 50, new float[] {random.nextFloat(), 1e-9f * random.nextFloat(), -random.nextFloat()});
            table.flush();
        }
        for (int i = 0; i < 50; i++) {
            table.remove("b" + i);
        }
        assertThat(table.meanCosine()).isEqualTo(alone);
    }
}

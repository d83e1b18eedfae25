package dev.freshet.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.schema.Interaction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The published counts of the real data sets. */
class RealDataIT {

    @Test
    void amazonBaby() throws IOException {
        MmrecDataSet data = MmrecDataSet.open(folder("amazon-baby"));
        assertThat(data.userCount()).isEqualTo(19_445);
        assertThat(data.itemCount()).isEqualTo(7_050);
        assertThat(data.size()).isEqualTo(160_792);
        int[] train = data.rows(Split.TRAIN);
        int[] valid = data.rows(Split.VALID);
        int[] test = data.rows(Split.TEST);
        assertThat(train).hasSize(118_551);
        assertThat(valid).hasSize(20_559);
        assertThat(test).hasSize(21_682);
        assertThat(distinct(data.users(), valid)).isEqualTo(19_445);
        assertThat(distinct(data.users(), test)).isEqualTo(19_445);
        assertThat(distinct(data.items(), train)).isEqualTo(7_047);
        int[] byUser = counts(data.users(), data.userCount());
        int[] byItem = counts(data.items(), data.itemCount());
        assertThat(Arrays.stream(byUser).max()).hasValue(125);
        assertThat(Arrays.stream(byItem).max()).hasValue(780);
        assertThat(orderedPairs(byUser)).isEqualTo(1_743_412);
        assertThat(orderedPairs(byItem)).isEqualTo(13_034_068);

        assertThat(data.modalities()).containsExactly("image", "text");
        for (String modality : data.modalities()) {
            FloatMatrix features = data.features(modality);
            assertThat(features.rows()).isEqualTo(7_050);
            assertThat(features.columns()).isEqualTo(1_024);
            Path published = data.folder().resolve(modality + "_knn10_neighbors.npy");
            IntMatrix neighbors = data.neighbors(published);
            FloatMatrix cosines = data.cosines(published);
            assertThat(neighbors.columns()).isEqualTo(10);
            int self = 0;
            for (int item = 0; item < neighbors.rows(); item++) {
                self += neighbors.get(item, 0) == item ? 1 : 0;
                assertThat(cosines.get(item, 0)).isBetween(0f, 1.001f);
                assertThat(cosines.get(item, 9)).isLessThanOrEqualTo(cosines.get(item, 0) + 1e-6f);
            }
            assertThat(self).isGreaterThan(6_000);
        }
        assertThat(IntStream.range(0, 7_050)
                        .filter(item -> data.photo(item).isPresent())
                        .count())
                .isEqualTo(7_031);
    }

    @Test
    void tiktok() throws IOException {
        MmrecDataSet data = MmrecDataSet.open(folder("tiktok"));
        assertThat(data.userCount()).isEqualTo(9_308);
        assertThat(data.itemCount()).isEqualTo(6_710);
        assertThat(data.rows(Split.TRAIN)).hasSize(59_541);
        assertThat(data.rows(Split.VALID)).hasSize(3_051);
        assertThat(data.rows(Split.TEST)).hasSize(6_130);
        assertThat(meanCosine(data.features("image"))).isCloseTo(.8556, within(5e-5));
        assertThat(meanCosine(data.features("audio"))).isCloseTo(.1245, within(5e-5));
    }

    @Test
    void movieLens() throws IOException {
        MmrecDataSet data = MmrecDataSet.open(folder("movielens-100k"));
        assertThat(data.userCount()).isEqualTo(943);
        assertThat(data.itemCount()).isEqualTo(1_682);
        assertThat(data.rows(Split.TRAIN)).hasSize(75_000);
        assertThat(data.rows(Split.VALID)).hasSize(12_000);
        assertThat(data.rows(Split.TEST)).hasSize(13_000);
        assertThat(Arrays.stream(data.times()).min()).hasValue(874_724_710_000L);
        assertThat(Arrays.stream(data.times()).max()).hasValue(893_286_638_000L);
        assertThat(meanCosine(data.features("text"))).isCloseTo(.8791, within(5e-5));
        assertThat(data.neighbors(data.folder().resolve("image_knn10_neighbors.npy"))
                        .rows())
                .isEqualTo(data.itemCount());
    }

    @Test
    void lastFmKeepsItsImpossibleTimes() throws IOException {
        MmrecDataSet data = MmrecDataSet.open(folder("lastfm-2k"));
        assertThat(data.userCount()).isEqualTo(1_643);
        assertThat(data.itemCount()).isEqualTo(1_425);
        assertThat(data.size()).isEqualTo(32_553);
        assertThat(Arrays.stream(data.times()).min()).hasValue(-428_720_400_000L);
        assertThat(Arrays.stream(data.times()).max()).hasValue(1_304_941_497_446L);
        assertThat(meanCosine(data.features("image"))).isCloseTo(.9753, within(5e-5));
        assertThat(meanCosine(data.features("text"))).isCloseTo(.4994, within(5e-5));
    }

    @Test
    void onlineRetail() throws IOException {
        BadRows bad = BadRows.skipped();
        Feed feed = DataSets.open(folder("online-retail"), bad);
        assertThat(bad.count()).isZero();
        assertThat(feed.size()).hasValue(3_684 + 406_829);
        Map<String, Integer> actions = new HashMap<>();
        Set<String> users = new HashSet<>();
        Set<String> items = new HashSet<>();
        Set<String> described = new HashSet<>();
        try (Feed.Cursor cursor = feed.open(0)) {
            for (FeedEvent event; (event = cursor.next()) != null; ) {
                if (event instanceof FeedEvent.OfInteraction e) {
                    Interaction interaction = e.interaction();
                    actions.merge(interaction.getAction(), 1, Integer::sum);
                    users.add(interaction.getUser());
                    items.add(interaction.getItem());
                } else if (event instanceof FeedEvent.OfItem e) {
                    described.add(e.item().getItem());
                }
            }
        }
        assertThat(actions).isEqualTo(Map.of("purchase", 397_924, "cancel", 8_905));
        assertThat(users).hasSize(4_372);
        assertThat(items).hasSize(3_684).isEqualTo(described);
    }

    private static Path folder(String name) {
        Path folder = Path.of(System.getProperty("freshet.home", "."), "..", "shared", "data", name)
                .normalize();
        assumeTrue(Files.isDirectory(folder), "skipped: no data set at " + folder);
        return folder;
    }

    private static long distinct(int[] ids, int[] rows) {
        return Arrays.stream(rows).map(row -> ids[row]).distinct().count();
    }

    private static int[] counts(int[] ids, int n) {
        int[] counts = new int[n];
        for (int id : ids) {
            counts[id]++;
        }
        return counts;
    }

    private static long orderedPairs(int[] degrees) {
        return Arrays.stream(degrees).mapToLong(d -> (long) d * (d - 1)).sum();
    }

    /** Mean of all pairs' cosines, self-pairs included: the squared length of the mean unit vector. */
    private static double meanCosine(FloatMatrix matrix) {
        double[] sum = new double[matrix.columns()];
        for (int row = 0; row < matrix.rows(); row++) {
            double square = 0;
            for (int column = 0; column < sum.length; column++) {
                square += (double) matrix.get(row, column) * matrix.get(row, column);
            }
            for (int column = 0; column < sum.length; column++) {
                sum[column] += square == 0 ? 0 : matrix.get(row, column) / Math.sqrt(square);
            }
        }
        return Arrays.stream(sum).map(x -> x * x).sum() / matrix.rows() / matrix.rows();
    }
}

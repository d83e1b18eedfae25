package dev.freshet.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.codec.Vectors;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MmrecDataSetTest {

    @TempDir
    Path folder;

    @Test
    void readsColumnsInAnyOrder() throws IOException {
        write("x_label\titemID\ttimestamp\tuserID\trating\n2\t5\t1500000001\t0\t3.5\n0\t1\t1500000000\t2\t1\n");
        MmrecDataSet data = MmrecDataSet.open(folder);
        assertThat(data.userCount()).isEqualTo(3);
        assertThat(data.itemCount()).isEqualTo(6);
        assertThat(data.users()).containsExactly(0, 2);
        assertThat(data.items()).containsExactly(5, 1);
        assertThat(data.split(0)).isEqualTo(Split.TEST);
        assertThat(data.rows(Split.TRAIN)).containsExactly(1);
        assertThat(data.rating(0)).isEqualTo(3.5f);
        assertThat(data.times()).containsExactly(1500000001000L, 1500000000000L);
        assertThat(data.rowsByTime()).containsExactly(1, 0);
        assertThat(data.modalities()).isEmpty();
    }

    @Test
    void keepsMillisecondsAndImpossibleTimes() throws IOException {
        write("userID\titemID\ttimestamp\n0\t0\t1238536800000\n0\t1\t-428720400000\n0\t2\t1238536800001\n");
        MmrecDataSet data = MmrecDataSet.open(folder);
        assertThat(data.times()).containsExactly(1238536800000L, -428720400000L, 1238536800001L);
        assertThat(data.rowsByTime()).containsExactly(1, 0, 2);
        assertThat(data.hasSplit()).isFalse();
        assertThatThrownBy(() -> data.split(0)).hasMessageContaining("x_label");
    }

    @Test
    void timesOfAFileWithoutAreDeterministicDistinctAndKeepEachUsersOrder() throws IOException {
        StringBuilder rows = new StringBuilder("userID\titemID\tuser_order\n");
        for (int row = 0; row < 500; row++) {
            rows.append(row % 7)
                    .append('\t')
                    .append(row)
                    .append('\t')
                    .append(1000 - row)
                    .append('\n');
        }
        write(rows.toString());
        MmrecDataSet data = MmrecDataSet.open(folder);
        long[] times = data.times();
        assertThat(times).isEqualTo(MmrecDataSet.open(folder).times()).doesNotHaveDuplicates();
        assertThat(Arrays.stream(times).min().orElseThrow())
                .isEqualTo(EventTimes.END.minus(EventTimes.SPAN).toEpochMilli());
        assertThat(Arrays.stream(times).max().orElseThrow()).isLessThan(EventTimes.END.toEpochMilli());
        for (int row = 7; row < 500; row++) {
            assertThat(times[row]).as("row %d against %d", row, row - 7).isLessThan(times[row - 7]);
        }
        // Every user is active in every tenth of the span.
        int[] order = data.rowsByTime();
        for (int tenth = 0; tenth < 10; tenth++) {
            assertThat(Arrays.stream(order, tenth * 50, tenth * 50 + 50)
                            .map(row -> data.users()[row])
                            .distinct()
                            .count())
                    .isEqualTo(7);
        }
    }

    @Test
    void withoutTimesAndOrderTheFilesOrderCounts() throws IOException {
        write("userID\titemID\n3\t0\n3\t1\n3\t2\n3\t3\n");
        assertThat(MmrecDataSet.open(folder).rowsByTime()).containsExactly(0, 1, 2, 3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x\t1\t5\t0",
                "-1\t1\t5\t0",
                "1\t\t5\t0",
                "1\t1\tNaN\t0",
                "1\t1\t-5\t0",
                "1\t1\t5\t3",
                "1\t1\t5",
                "1\t1\t5\t0\t9",
                "1 1 5 0",
                "99999999999\t1\t5\t0",
                "2147483647\t1\t5\t0"
            })
    void aBadRowIsReportedAndSkippedOrFatal(String row) throws IOException {
        write("userID\titemID\trating\tx_label\n0\t0\t5\t0\n" + row + "\n1\t1\t4\t1\n");
        BadRows bad = BadRows.skipped();
        MmrecDataSet data = MmrecDataSet.open(folder, bad);
        assertThat(data.size()).isEqualTo(2);
        assertThat(data.line(1)).isEqualTo(4);
        assertThat(bad.count()).isEqualTo(1);
        assertThat(bad.first().get(0).line()).isEqualTo(3);
        assertThatThrownBy(() -> MmrecDataSet.open(folder))
                .isInstanceOf(DataSetException.class)
                .hasMessageStartingWith(folder.resolve("a.inter") + ":3: ");
    }

    @Test
    void saysWhatIsWrongWithAFolder() throws IOException {
        Path missing = folder.resolve("none");
        assertThatThrownBy(() -> MmrecDataSet.open(missing)).hasMessageStartingWith(missing + ": no such folder");
        assertThatThrownBy(() -> MmrecDataSet.open(folder)).hasMessageContaining("no .inter file");
        write("user\titem\n0\t0\n");
        assertThatThrownBy(() -> MmrecDataSet.open(folder)).hasMessageContaining("must name userID and itemID");
        write("");
        assertThatThrownBy(() -> MmrecDataSet.open(folder)).hasMessageContaining("empty file");
        write("userID\titemID\n");
        assertThatThrownBy(() -> MmrecDataSet.open(folder)).hasMessageContaining("no usable row");
    }

    @Test
    void matricesHaveOneRowPerItem() throws IOException {
        write("userID\titemID\n0\t0\n0\t2\n");
        npy("image_feat.npy", "<f4", 2, 1, 2f);
        assertThatThrownBy(() -> MmrecDataSet.open(folder)).hasMessageContaining("has 2 rows, but item ids go up to 2");
        npy("image_feat.npy", "<f4", 4, 1, 2f);
        assertThat(MmrecDataSet.open(folder).itemCount()).isEqualTo(4);
        npy("text_feat.npy", "<f4", 3, 1, 2f);
        assertThatThrownBy(() -> MmrecDataSet.open(folder)).hasMessageContaining("but image_feat.npy has 4");
        npy("text_feat.npy", "<f4", 4, 1, 2f);
        MmrecDataSet data = MmrecDataSet.open(folder);
        assertThat(data.modalities()).containsExactly("image", "text");
        npy("text_knn10_neighbors.npy", "<i4", 4, 2, 3);
        Path published = folder.resolve("text_knn10_neighbors.npy");
        assertThat(data.neighbors(published).get(3, 1)).isEqualTo(3);
        npy("text_knn10_cosine.npy", "<f4", 4, 2, 1f);
        assertThat(data.cosines(published).columns()).isEqualTo(2);
        npy("text_knn10_cosine.npy", "<f4", 4, 3, 1f);
        assertThatThrownBy(() -> data.cosines(published))
                .hasMessageContaining("is 4 x 3, but text_knn10_neighbors.npy is 4 x 2");
        npy("text_knn10_neighbors.npy", "<i4", 4, 2, 4);
        assertThatThrownBy(() -> data.neighbors(published)).hasMessageContaining("names item 4");
    }

    @Test
    void feedsItemsThenInteractionsAndGoesOnFromAnyPosition() throws IOException {
        write("userID\titemID\trating\ttimestamp\n7\t1\t2\t1500000009\n8\t0\t5\t1500000001\n9\t0\t5\t99999999999\n");
        npy("image_feat.npy", "<f4", 2, 3, 0.25f);
        npy("text_feat.npy", "<f4", 2, 3, Float.NaN);
        Files.createDirectory(folder.resolve("photos"));
        Files.write(folder.resolve("photos/1.jpg"), new byte[] {1});
        Files.writeString(folder.resolve("asin_by_itemid.txt"), "A0\nA1\n");
        Files.writeString(folder.resolve("items.csv"), "item,title,price\n1,\"Bib, blue\",9.5\n");
        BadRows bad = BadRows.skipped();
        Feed feed = DataSets.open(folder, bad);
        List<FeedEvent> events = all(feed, 0);
        assertThat(bad.first()).extracting(BadRow::line).containsExactly(4L, 0L, 1L);
        assertThat(events).hasSize(4);
        assertThat(feed.size()).hasValue(4);
        Item item = ((FeedEvent.OfItem) events.get(1)).item();
        assertThat(item.getItem()).isEqualTo("1");
        assertThat(item.getTitle()).isEqualTo("Bib, blue");
        assertThat(item.getImageUrl()).isEqualTo("/photos/1.jpg");
        assertThat(item.getAttributes()).isEqualTo(Map.of("price", "9.5", "asin", "A1"));
        assertThat(item.getFeatures()).containsOnlyKeys("image");
        assertThat(Vectors.toArray(item.getFeatures().get("image"))).containsExactly(.25f, .25f, .25f);
        assertThat(((FeedEvent.OfItem) events.get(0)).item().getImageUrl()).isNull();
        Interaction first = ((FeedEvent.OfInteraction) events.get(2)).interaction();
        assertThat(first.getUser()).isEqualTo("8");
        assertThat(first.getAction()).isEqualTo("rate");
        assertThat(first.getWeight()).isEqualTo(5);
        assertThat(first.getEventTime().toEpochMilli()).isEqualTo(1500000001000L);
        for (int from = 0; from <= 4; from++) {
            assertThat(all(feed, from)).isEqualTo(events.subList(from, 4));
        }
    }

    static List<FeedEvent> all(Feed feed, long from) throws IOException {
        List<FeedEvent> events = new ArrayList<>();
        try (Feed.Cursor cursor = feed.open(from)) {
            assertThat(cursor.position()).isEqualTo(from);
            for (FeedEvent event; (event = cursor.next()) != null; ) {
                events.add(event);
                assertThat(cursor.position()).isEqualTo(from + events.size());
            }
        }
        return events;
    }

    private void write(String text) throws IOException {
        Files.writeString(folder.resolve("a.inter"), text);
    }

    private void npy(String name, String type, int rows, int columns, Number value) throws IOException {
        byte[] header = ("{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + rows + ", " + columns
                        + "), }\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer file =
                ByteBuffer.allocate(10 + header.length + 4 * rows * columns).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) header.length)
                .put(header);
        while (file.hasRemaining()) {
            if (value instanceof Float f) {
                file.putFloat(f);
            } else {
                file.putInt(value.intValue());
            }
        }
        Files.write(folder.resolve(name), file.array());
    }
}

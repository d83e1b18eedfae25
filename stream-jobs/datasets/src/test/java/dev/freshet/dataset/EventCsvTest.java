package dev.freshet.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.schema.Interaction;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventCsvTest {

    private static final String HEADER = "timestamp,user,item,action\n";

    @TempDir
    Path folder;

    @Test
    void readsPlainAndGzipWithOptionalAndUnknownColumns() throws IOException {
        String text = "\uFEFFaction,Item,USER,timestamp,event_id,weight,quantity\r\n"
                + "purchase,\"a, \"\"b\"\"\",u1,1000,e1,2.5,6\r\n"
                + "\r\n"
                + "cancel,c, u2 ,2000,,,\r\n";
        Path plain = write("events.csv", text.getBytes(StandardCharsets.UTF_8));
        Path zipped = write("events.csv.gz", gzip(text));
        for (Path file : List.of(plain, zipped)) {
            List<Interaction> events = interactions(EventCsv.open(file, BadRows.fatal()));
            assertThat(events).hasSize(2);
            assertThat(events.get(0).getItem()).isEqualTo("a, \"b\"");
            assertThat(events.get(0).getUser()).isEqualTo("u1");
            assertThat(events.get(0).getWeight()).isEqualTo(2.5);
            assertThat(events.get(0).getEventId()).isEqualTo("e1");
            assertThat(events.get(0).getEventTime().toEpochMilli()).isEqualTo(1000);
            assertThat(events.get(1).getUser()).isEqualTo("u2");
            assertThat(events.get(1).getAction()).isEqualTo("cancel");
            assertThat(events.get(1).getWeight()).isEqualTo(1);
            assertThat(events.get(1).getEventId()).isNull();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "soon,u,i,click         | timestamp is 'soon'",
                "1.5,u,i,click          | timestamp is '1.5'",
                "4102444800000,u,i,click | 2100-01-01",
                "1000,,i,click          | user id is empty",
                "1000,u, ,click         | item id is empty",
                "1000,u,i,              | action is empty",
                "1000,u,i               | 3 columns, but the header has 4",
                "1000,u,i,click,5       | 5 columns, but the header has 4",
            })
    void aBadRowIsReportedWithItsLine(String row, String reason) throws IOException {
        Path file = write(
                "events.csv",
                (HEADER + "1000,u,i,click\n" + row + "\n2000,u,j,click\n").getBytes(StandardCharsets.UTF_8));
        BadRows bad = BadRows.skipped();
        EventCsv feed = EventCsv.open(file, bad);
        assertThat(interactions(feed)).extracting(Interaction::getItem).containsExactly("i", "j");
        assertThat(feed.size()).hasValue(2);
        assertThat(bad.count()).isEqualTo(1);
        assertThat(bad.first().get(0).toString())
                .startsWith(file + ":3: ")
                .contains(reason)
                .doesNotContain("\n");
        assertThatThrownBy(() -> EventCsv.open(file, BadRows.fatal()))
                .isInstanceOf(DataSetException.class)
                .hasMessageStartingWith(file + ":3: ")
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @CsvSource({"NaN", "-1", "Infinity", "much"})
    void aBadWeightIsABadRow(String weight) throws IOException {
        Path file = write(
                "e.csv",
                ("timestamp,user,item,action,weight\n1,u,i,click," + weight + "\n").getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> EventCsv.open(file, BadRows.fatal()))
                .hasMessageStartingWith(file + ":2: ")
                .hasMessageContaining("weight is");
    }

    @Test
    void linesAreCountedAcrossBlankLinesAndQuotedBreaks() throws IOException {
        Path file = write(
                "e.csv",
                (HEADER + "\n1,u,\"i\nj\",click\n\nx,u,k,click\n2,u,k,click").getBytes(StandardCharsets.UTF_8));
        BadRows bad = BadRows.skipped();
        assertThat(interactions(EventCsv.open(file, bad)))
                .extracting(Interaction::getItem)
                .containsExactly("i\nj", "k");
        assertThat(bad.first()).extracting(BadRow::line).containsExactly(6L);
    }

    @Test
    void bytesThatAreNotUtf8DoNotBecomeAnId() throws IOException {
        byte[] text = (HEADER + "1,u?,i,click\n2,u,i,click\n").getBytes(StandardCharsets.ISO_8859_1);
        text[HEADER.length() + 3] = (byte) 0xe9;
        BadRows bad = BadRows.skipped();
        assertThat(interactions(EventCsv.open(write("e.csv", text), bad))).hasSize(1);
        assertThat(bad.first().get(0).reason()).contains("UTF-8");
    }

    @Test
    void eventsOutOfOrderAreSorted() throws IOException {
        StringBuilder text = new StringBuilder(HEADER);
        for (int row = 0; row < 1000; row++) {
            text.append(row * 7919 % 500).append(",u,").append(row).append(",click\n");
        }
        EventCsv feed =
                EventCsv.open(write("e.csv", text.toString().getBytes(StandardCharsets.UTF_8)), BadRows.fatal());
        List<FeedEvent> events = MmrecDataSetTest.all(feed, 0);
        List<Interaction> sorted = interactions(feed);
        assertThat(sorted).hasSize(1000);
        for (int i = 1; i < 1000; i++) {
            long before = sorted.get(i - 1).getEventTime().toEpochMilli();
            long time = sorted.get(i).getEventTime().toEpochMilli();
            assertThat(before < time
                            || before == time
                                    && Integer.parseInt(sorted.get(i - 1).getItem())
                                            < Integer.parseInt(sorted.get(i).getItem()))
                    .isTrue();
        }
        assertThat(MmrecDataSetTest.all(feed, 400)).isEqualTo(events.subList(400, 1000));
    }

    @Test
    void itemsComeFirst() throws IOException {
        Path file = write("events.csv", (HEADER + "1,u,10,click\n2,v,11,click\n").getBytes(StandardCharsets.UTF_8));
        Files.writeString(folder.resolve("items.csv"), "item,title,price\n10,\"A, b\",0.85\n,x,1\n11,,\n");
        BadRows bad = BadRows.skipped();
        Feed feed = DataSets.open(folder, bad);
        assertThat(bad.first()).extracting(BadRow::line).containsExactly(3L);
        assertThat(bad.first().get(0).file()).isEqualTo(folder.resolve("items.csv"));
        List<FeedEvent> events = MmrecDataSetTest.all(feed, 0);
        assertThat(events).hasSize(4);
        FeedEvent.OfItem first = (FeedEvent.OfItem) events.get(0);
        assertThat(first.item().getTitle()).isEqualTo("A, b");
        assertThat(first.item().getAttributes()).isEqualTo(Map.of("price", "0.85"));
        FeedEvent.OfItem second = (FeedEvent.OfItem) events.get(1);
        assertThat(second.item().getTitle()).isNull();
        for (int from = 0; from <= 4; from++) {
            assertThat(MmrecDataSetTest.all(feed, from)).isEqualTo(events.subList(from, 4));
        }
        assertThat(MmrecDataSetTest.all(DataSets.open(file, BadRows.skipped()), 0))
                .isEqualTo(events);
    }

    @Test
    void saysWhatIsWrongWithAFile() throws IOException {
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> DataSets.open(missing, BadRows.fatal())).hasMessageStartingWith(missing + ": no such");
        assertThatThrownBy(() -> DataSets.open(folder, BadRows.fatal())).hasMessageContaining("is no data set");
        assertError("", "is empty; its first line must name timestamp,user,item,action");
        assertError("1000,u,i,click\n", "the header has no column 'timestamp'");
        assertError("timestamp,user,item\n", "the header has no column 'action'");
        assertError(HEADER, "has no usable row");
        assertError(HEADER + "x,u,i,click\n", "the first bad one is");
        assertError("timestamp,user,\"item\"s,action\n1,u,i,click\n", "the header is not readable as CSV");
        byte[] whole = gzip(HEADER + "1000,u,i,click\n".repeat(5000));
        Path cut = write("cut.csv.gz", Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> EventCsv.open(cut, BadRows.skipped()))
                .isInstanceOf(DataSetException.class)
                .hasMessageContaining("cut off or corrupt");
        Files.writeString(folder.resolve("other.csv"), "x");
        assertThatThrownBy(() -> DataSets.open(folder, BadRows.fatal())).hasMessageContaining("3 files of events");
    }

    @Test
    void aMalformedQuoteIsADefectOfItsRow() throws IOException {
        Path file = write(
                "quotes.csv",
                (HEADER + "1,a,i,click\n2,\"a\"b,i,click\n3,c,\"i\nj\",click\n\n4,\"d,i,click\n5,e,i,click\n"
                                + "6,\"f\",i,click\n7,g,i,\"click\n8,h,i,click\n")
                        .getBytes(StandardCharsets.UTF_8));
        BadRows bad = BadRows.skipped();
        List<Interaction> events = interactions(EventCsv.open(file, bad));
        assertThat(events).extracting(Interaction::getUser).containsExactly("a", "c", "e", "f", "h");
        assertThat(events.get(1).getItem()).isEqualTo("i\nj");
        assertThat(bad.first()).extracting(BadRow::line).containsExactly(3L, 7L, 10L);
        assertThat(bad.first()).extracting(BadRow::reason).allMatch(reason -> reason.contains("check its quotes"));
        assertThatThrownBy(() -> EventCsv.open(file, BadRows.fatal()))
                .isInstanceOf(BadRowException.class)
                .hasMessageStartingWith(file + ":3: not readable as CSV");
    }

    @Test
    void aQuoteThatIsNeverClosedDoesNotSwallowTheFile() throws IOException {
        Path file = write(
                "open.csv",
                (HEADER + "1,\"a,i,click\n" + "2,b,i,click\n".repeat(5000)).getBytes(StandardCharsets.UTF_8));
        BadRows bad = BadRows.skipped();
        assertThat(interactions(EventCsv.open(file, bad))).hasSize(5000);
        assertThat(bad.first()).singleElement().satisfies(row -> {
            assertThat(row.line()).isEqualTo(2);
            assertThat(row.reason()).contains("a quote is not closed within");
        });
    }

    private void assertError(String text, String message) throws IOException {
        Path file = write("e.csv", text.getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> EventCsv.open(file, BadRows.skipped()))
                .isInstanceOf(DataSetException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    private static List<Interaction> interactions(Feed feed) throws IOException {
        return MmrecDataSetTest.all(feed, 0).stream()
                .filter(FeedEvent.OfInteraction.class::isInstance)
                .map(event -> ((FeedEvent.OfInteraction) event).interaction())
                .toList();
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes);
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }
}

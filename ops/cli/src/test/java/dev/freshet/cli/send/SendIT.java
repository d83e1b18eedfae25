package dev.freshet.cli.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.dataset.BadRows;
import dev.freshet.dataset.DataSets;
import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import dev.freshet.dataset.storefront.Storefront;
import dev.freshet.dataset.storefront.StorefrontOptions;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class SendIT {

    private static final TestKafka KAFKA = TestKafka.shared();

    @TempDir
    Path folder;

    private record Run(int code, String out, String err) {}

    @BeforeEach
    void topics() {
        KAFKA.freshTopics(2);
    }

    @Test
    void sendsItemsAndInteractionsAndReportsBadRows() throws IOException {
        Path file = write(200, "soon,u,i,click\n1300000000000,,i,click\n");
        Files.writeString(folder.resolve("items.csv"), "item,title,price\ni1,One,1.5\ni2,Two,\n");
        Run run = send("--data", folder.toString());
        assertThat(run.err).doesNotContain("Exception");
        assertThat(run.code).isZero();
        assertThat(run.out)
                .contains("2 items and 200 interactions sent")
                .contains("2 bad rows skipped")
                .contains(file + ":202: timestamp is 'soon'")
                .contains(file + ":203: the user id is empty");

        List<Received<Item>> items = KAFKA.drain(Topic.ITEMS);
        assertThat(items).extracting(Received::key).containsExactlyInAnyOrder("i1", "i2");
        List<Received<Interaction>> interactions = KAFKA.drain(Topic.INTERACTIONS);
        assertThat(interactions).hasSize(200);
        assertThat(interactions).allSatisfy(record -> assertThat(record.key())
                .isEqualTo(record.value().getUser()));
        assertThat(interactions).extracting(Received::partition).contains(0, 1);
        for (int partition = 0; partition < 2; partition++) {
            int p = partition;
            assertThat(interactions.stream()
                            .filter(r -> r.partition() == p)
                            .map(r -> r.value().getEventTime().toEpochMilli()))
                    .isSorted();
        }
    }

    @Test
    void strictSendsNothing() throws IOException {
        Path file = write(20, "soon,u,i,click\n");
        Run run = send(file.toString(), "--strict");
        assertThat(run.code).isEqualTo(1);
        assertThat(run.err)
                .contains(file + ":22: timestamp is 'soon'")
                .contains("nothing was sent")
                .hasLineCount(1);
        assertThat(KAFKA.drain(Topic.INTERACTIONS)).isEmpty();
    }

    @Test
    void goesOnFromAPosition() throws IOException {
        Path file = write(100, "");
        JsonNode first = new ObjectMapper().readTree(send(file.toString(), "--limit", "30", "--json").out);
        assertThat(first.get("position").asLong()).isEqualTo(30);
        assertThat(first.get("interactions").asLong()).isEqualTo(30);
        JsonNode second = new ObjectMapper().readTree(send(file.toString(), "--from", "30", "--json").out);
        assertThat(second.get("position").asLong()).isEqualTo(100);
        assertThat(KAFKA.drain(Topic.INTERACTIONS))
                .extracting(record -> record.value().getItem())
                .doesNotHaveDuplicates()
                .hasSize(100);
    }

    @Test
    void stopsAndGoesOnAtAnotherPace() throws Exception {
        Feed feed = new Storefront(StorefrontOptions.DEFAULT.withSize(50, 40));
        long stopped;
        try (Replay replay = new Replay(feed, KAFKA.bootstrapServers())) {
            assertThat(replay.run(0, 200, Pace.FASTEST, position -> {})).isEqualTo(200);
            assertThat(replay.acknowledged()).isEqualTo(200);
            List<Long> positions = new ArrayList<>();
            stopped = replay.run(200, Long.MAX_VALUE, Pace.rate(1000), position -> {
                positions.add(position);
                if (position == 350) {
                    replay.stop();
                }
            });
            assertThat(stopped).isEqualTo(350).isEqualTo(replay.acknowledged());
            assertThat(positions).hasSize(150).isSorted();
            assertThat(replay.items()).isEqualTo(40);
            assertThat(replay.interactions()).isEqualTo(310);
        }
        List<String> expected = new ArrayList<>();
        try (Feed.Cursor cursor = feed.open(0)) {
            while (cursor.position() < stopped) {
                if (cursor.next() instanceof FeedEvent.OfInteraction e) {
                    expected.add(e.interaction().getEventId());
                }
            }
        }
        assertThat(KAFKA.drain(Topic.INTERACTIONS))
                .extracting(record -> record.value().getEventId())
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void anInterruptedPauseEndsAtOnce() throws Exception {
        Path file = Files.writeString(
                folder.resolve("gap.csv"),
                "timestamp,user,item,action\n1300000000000,u,i,click\n1400000000000,u,j,click\n");
        try (Replay replay = new Replay(DataSets.open(file, BadRows.fatal()), KAFKA.bootstrapServers())) {
            Thread stopper = new Thread(() -> {
                while (replay.acknowledged() < 1) {
                    Thread.onSpinWait();
                }
                replay.stop();
            });
            stopper.start();
            assertThat(replay.run(0, Long.MAX_VALUE, Pace.speed(1), position -> {}))
                    .isEqualTo(1);
            stopper.join();
        }
    }

    @Test
    void wrongUsageIsOneLine() throws IOException {
        Run missing = send("--data", folder.resolve("none").toString());
        assertThat(missing.code).isEqualTo(2);
        assertThat(missing.err).contains("none: no such file or folder").hasLineCount(1);
        assertThat(send().code).isEqualTo(2);
        assertThat(send("a.csv", "--data", "b").code).isEqualTo(2);
        Path file = write(1, "");
        assertThat(send(file.toString(), "--speed", "2", "--rate", "3").code).isEqualTo(2);
        assertThat(send(file.toString(), "--speed", "0").err).contains("--speed is 0.0");
        assertThat(send(file.toString(), "--limit", "-1").code).isEqualTo(2);
        assertThat(send("--help").out).contains("--strict");
    }

    @Test
    void aMissingBrokerAndMissingTopicsAreOneLine() throws Exception {
        Path file = write(1, "");
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        Run run = execute(file.toString(), "--bootstrap", "127.0.0.1:" + free);
        assertThat(run.code).isEqualTo(1);
        assertThat(run.err).contains("no broker answers at 127.0.0.1:" + free).hasLineCount(1);
        assertThatThrownBy(() -> new Replay(DataSets.open(file, BadRows.fatal()), "nonsense"))
                .isInstanceOf(SendException.class)
                .hasMessageContaining("nonsense");
        KAFKA.admin().deleteTopics(List.of("items")).all().get();
        run = send(file.toString());
        assertThat(run.code).isEqualTo(1);
        assertThat(run.err).contains("has no Freshet topics").hasLineCount(1);
    }

    private Path write(int rows, String bad) throws IOException {
        StringBuilder text = new StringBuilder("timestamp,user,item,action\n");
        for (int row = 0; row < rows; row++) {
            text.append(1_300_000_000_000L + row)
                    .append(",u")
                    .append(row % 17)
                    .append(",i")
                    .append(row)
                    .append(",click\n");
        }
        return Files.writeString(folder.resolve("events.csv"), text.append(bad));
    }

    private static Run send(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--bootstrap");
        all.add(KAFKA.bootstrapServers());
        return execute(all.toArray(String[]::new));
    }

    private static Run execute(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new CommandLine(new SendCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
        return new Run(code, out.toString(), err.toString());
    }
}

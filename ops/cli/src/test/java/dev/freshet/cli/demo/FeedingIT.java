package dev.freshet.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.cli.send.Pace;
import dev.freshet.dataset.Feed;
import dev.freshet.dataset.storefront.Storefront;
import dev.freshet.dataset.storefront.StorefrontOptions;
import dev.freshet.schema.Interaction;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeedingIT {

    private final TestKafka kafka = TestKafka.shared();
    private final Feed feed = new Storefront(StorefrontOptions.DEFAULT.withSize(50, 40));

    @TempDir
    private Path folder;

    @BeforeEach
    void topics() {
        kafka.freshTopics(1);
    }

    @Test
    void goesOnWhereItWasAndSendsNothingTwice() throws Exception {
        feedUntil(500);
        long position = FeedState.open(folder, "storefront").position();
        List<Received<Interaction>> first = kafka.drain(Topic.INTERACTIONS);
        assertThat(position).isEqualTo(first.size() + kafka.drain(Topic.ITEMS).size());

        feedUntil(position + 500);

        List<String> events = kafka.drain(Topic.INTERACTIONS).stream()
                .map(record -> record.value().getEventTime() + " " + record.key())
                .toList();
        assertThat(events).hasSizeGreaterThan(first.size()).doesNotHaveDuplicates();
    }

    /** Sends the history at once and then one event an hour, so that it stands at the history. */
    private void feedUntil(long history) throws Exception {
        FeedState state = FeedState.open(folder, "storefront");
        try (Feeding feeding = new Feeding(
                feed, kafka.bootstrapServers(), WireFormat.SINGLE_OBJECT, state, history, Pace.rate(1.0 / 3600))) {
            feeding.start();
            Instant deadline = Instant.now().plus(Duration.ofSeconds(60));
            while (kafka.drain(Topic.INTERACTIONS).size()
                            + kafka.drain(Topic.ITEMS).size()
                    < history) {
                assertThat(feeding.failure()).isEmpty();
                assertThat(Instant.now()).isBefore(deadline);
                Thread.sleep(50);
            }
        }
    }
}

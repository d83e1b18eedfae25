package dev.freshet.graphjob;

import static dev.freshet.graphjob.JobRecords.START;
import static dev.freshet.graphjob.JobRecords.events;
import static dev.freshet.graphjob.JobRecords.item;
import static dev.freshet.graphjob.JobRecords.items;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Item;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Topic;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job as a process against a real broker: its snapshots equal the batch graphs, whatever happens to it. */
class GraphJobRecoveryIT {

    @TempDir
    Path folder;

    private final TestKafka kafka = TestKafka.shared();

    @BeforeEach
    void topics() {
        kafka.freshTopics(3);
    }

    @Test
    void equalsTheBatchGraphsOverStopsKillsAndRescales() throws Exception {
        Random random = new Random(11);
        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            kafka.sendAll(Topic.ITEMS, items(0, 40));
            kafka.sendAll(Topic.INTERACTIONS, events(random, 0, 2000));
            job.start(1);
            GraphSnapshot first = job.awaitEqual();
            assertThat(first.items()).hasSize(40);
            assertThat(first.manifest().getSettings()).isEqualTo(JobUnderTest.SETTINGS.toMap());
            assertThat(first.manifest().getWatermark()).isBetween(START, START.plusSeconds(4000));

            // A stop takes a savepoint, and the next start goes on from it, with another parallelism.
            job.stop();
            long neighborsBefore = listsByInteractions();
            kafka.send(Topic.ITEMS, "item-7", null);
            job.start(2);
            GraphSnapshot second = job.awaitEqual();
            assertThat(second.items()).hasSize(39).noneMatch(item -> item.getItem()
                    .equals("item-7"));
            assertThat(second.manifest().getCheckpointId())
                    .isGreaterThan(first.manifest().getCheckpointId());
            assertThat(second.manifest().getFeatureVersion())
                    .isEqualTo(first.manifest().getFeatureVersion() + 1);
            assertThat(listsByInteractions()).as("unchanged lists").isEqualTo(neighborsBefore);

            // Killed while it works, with vectors that are new, changed or gone before and after.
            kafka.sendAll(Topic.INTERACTIONS, events(random, 2000, 3000));
            kafka.sendAll(Topic.ITEMS, items(40, 20));
            kafka.send(Topic.ITEMS, "item-3", item("item-3", -1, 5, 2));
            Thread.sleep(700);
            job.kill();
            kafka.sendAll(Topic.INTERACTIONS, events(random, 5000, 500));
            kafka.send(Topic.ITEMS, "item-5", null);
            kafka.send(
                    Topic.ITEMS, "item-4", Item.newBuilder().setItem("item-4").build());
            kafka.send(Topic.ITEMS, "item-8", item("item-8", 0, 0, 1));
            job.start(3);
            GraphSnapshot third = job.awaitEqual();

            job.stop();
            job.start(2);
            // In no graph.
            kafka.send(Topic.ITEMS, "plain", Item.newBuilder().setItem("plain").build());
            GraphSnapshot fourth = job.awaitEqual();
            assertThat(fourth.interactions()).isEqualTo(third.interactions());
            assertThat(fourth.graphs()).as("rows, versions included").isEqualTo(third.graphs());
            job.stop();
            assertThat(job.refuse(1, "--k-max", "20"))
                    .last()
                    .asString()
                    .isEqualTo("graph-job: the job ended: the state was made with {content-top-k=3, f-max=40, k-max=60,"
                            + " user-cooccurrence=on, window=PT7200H}, this job has {content-top-k=3, f-max=40, k-max=20,"
                            + " user-cooccurrence=on, window=PT7200H}: go on with the same, or start with an empty state,"
                            + " which is made anew from the topics");
        }
    }

    @Test
    void goesOnNumberingSnapshotsWhereItsStateIsLost() throws Exception {
        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            kafka.sendAll(Topic.INTERACTIONS, events(new Random(5), 0, 60));
            job.start(1);
            SnapshotManifest before = job.awaitManifest();
            job.kill();
            Path state = job.state();
            Files.move(state, folder.resolve("lost"));
            kafka.sendAll(Topic.INTERACTIONS, events(new Random(6), 60, 60));
            // One with lists that nobody takes back but who finds them on the topic.
            String forgotten = kafka.table(Topic.NEIGHBORS).values().stream()
                    .filter(list -> list.getGraph().equals(GraphNames.USER_JACCARD))
                    .findFirst()
                    .orElseThrow()
                    .getNode();
            kafka.send(Topic.ERASURES, "user:" + forgotten, new Erasure(NodeKind.USER, forgotten, Instant.now()));
            job.start(1);

            assertThat(job.awaitEqual().manifest().getSnapshotId()).isGreaterThan(before.getSnapshotId());
            job.kill();

            // Moved, a checkpoint names files that are not there: nothing may be thrown away for that.
            Path moved = Files.move(state, folder.resolve("moved"));
            assertThat(job.refuse(1, "--state", moved.toString()))
                    .last()
                    .asString()
                    .startsWith("graph-job: none of the")
                    .contains("move it back");
            Files.move(moved, state);
            job.start(1);
            job.awaitLog("going on from " + state);
            job.stop();
        }
    }

    private long listsByInteractions() {
        return kafka.drain(Topic.NEIGHBORS).stream()
                .filter(list -> List.of(GraphNames.ITEM_JACCARD, GraphNames.USER_JACCARD, GraphNames.ITEM_COOCCURRENCE)
                        .contains(list.key().substring(0, list.key().indexOf(':'))))
                .count();
    }
}

package dev.freshet.cli.command;

import static dev.freshet.testkit.ReleaseFixture.announcement;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class ReleaseLogTest {

    private static ReleaseLog read(Split split, ModelRelease... announcements) {
        MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");
        for (String topic : List.of(Topic.MODELS.name(), Topic.MODEL_EMBEDDINGS.name())) {
            consumer.updatePartitions(
                    topic, List.of(new PartitionInfo(topic, 0, Node.noNode(), new Node[0], new Node[0])));
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.updateBeginningOffsets(Map.of(partition, 0L));
            consumer.updateEndOffsets(
                    Map.of(partition, topic.equals(Topic.MODELS.name()) ? (long) announcements.length : 0L));
        }
        consumer.schedulePollTask(() -> {
            for (int offset = 0; offset < announcements.length; offset++) {
                consumer.addRecord(new ConsumerRecord<>(
                        Topic.MODELS.name(),
                        0,
                        offset,
                        null,
                        Topic.MODELS.codec().encode(announcements[offset])));
            }
        });
        return ReleaseLog.read(consumer, split);
    }

    @Test
    void whatHasNoArmIsNotInForceAndCannotBe() {
        ReleaseLog log = read(
                Split.of("a=1,b=1", Split.SALT),
                announcement(ReleaseAction.RELEASE, "a", "1-a"),
                announcement(ReleaseAction.RELEASE, "b", "2-b"),
                announcement(ReleaseAction.RELEASE, "a", "3-a"),
                announcement(ReleaseAction.RELEASE, "c", "4-c"),
                announcement(ReleaseAction.ROLLBACK, "a", "1-a"),
                announcement(ReleaseAction.ROLLBACK, "a", "0-a"));

        assertThat(log.isInForce("1-a")).isTrue();
        assertThat(log.isInForce("2-b")).isTrue();
        assertThat(log.isInForce("4-c")).isFalse();
        assertThat(log.obstacle("4-c")).hasValue("release 4-c is of c, which has no arm in a=1,b=1");
        assertThat(log.obstacle("0-a")).hasValue("no release 0-a is known");
        assertThat(log.obstacle("3-a")).isEmpty();
        assertThat(log.others()).containsExactly("3-a");
    }

    @Test
    void withoutASplitTheNewestIsInForceWhateverItsModel() {
        ReleaseLog log = read(
                Split.NONE,
                announcement(ReleaseAction.RELEASE, "a", "1-a"),
                announcement(ReleaseAction.RELEASE, "c", "2-c"));

        assertThat(log.isInForce("2-c")).isTrue();
        assertThat(log.others()).containsExactly("1-a");
    }
}

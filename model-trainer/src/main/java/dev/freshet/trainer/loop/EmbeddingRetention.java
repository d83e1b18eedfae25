package dev.freshet.trainer.loop;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.OffsetRange;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Keeps the topic model-embeddings as short as the kept releases allow. Time is no measure there: the release in force may be old, and
 * the embeddings of a busy day many.
 */
final class EmbeddingRetention {

    private static final long TIMEOUT_SECONDS = 10;

    private EmbeddingRetention() {}

    /** Deletes what lies before the embeddings of every one of {@code kept}. */
    static void deleteBefore(String bootstrap, Collection<ModelRelease> kept) throws IOException {
        Map<TopicPartition, RecordsToDelete> deletions = new HashMap<>();
        starts(kept)
                .forEach((partition, start) -> deletions.put(
                        new TopicPartition(Topic.MODEL_EMBEDDINGS.name(), partition),
                        RecordsToDelete.beforeOffset(start)));
        try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap))) {
            admin.deleteRecords(deletions).all().get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException | KafkaException e) {
            throw new IOException("old embeddings stay: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The first offset of any release, by partition. */
    static Map<Integer, Long> starts(Collection<ModelRelease> releases) {
        Map<Integer, Long> starts = new HashMap<>();
        for (ModelRelease release : releases) {
            for (OffsetRange range : release.getEmbeddings()) {
                starts.merge(range.getPartition(), range.getStart(), Math::min);
            }
        }
        return starts;
    }
}

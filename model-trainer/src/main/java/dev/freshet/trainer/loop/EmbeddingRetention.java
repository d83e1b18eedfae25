package dev.freshet.trainer.loop;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.OffsetRange;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
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

    /** A model that lies more than so many releases behind another has released nothing for long. */
    private static final int FEW = 10;

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

    /**
     * Records before those of the model that was released last, which stay for the releases of another; by that model, where they are
     * more than a few releases have.
     *
     * @param kept the newest last
     */
    static Map<String, Long> held(List<ModelRelease> kept) {
        Map<String, List<ModelRelease>> byModel =
                kept.stream().collect(Collectors.groupingBy(ModelRelease::getModel, TreeMap::new, Collectors.toList()));
        ModelRelease newest = kept.get(kept.size() - 1);
        Map<Integer, Long> starts = starts(byModel.remove(newest.getModel()));
        Map<String, Long> held = new TreeMap<>();
        byModel.forEach((model, releases) -> {
            Map<Integer, Long> own = starts(releases);
            long records = starts.entrySet().stream()
                    .mapToLong(
                            start -> Math.max(0, start.getValue() - own.getOrDefault(start.getKey(), start.getValue())))
                    .sum();
            if (records > FEW * length(newest)) {
                held.put(model, records);
            }
        });
        return held;
    }

    private static long length(ModelRelease release) {
        return release.getEmbeddings().stream()
                .mapToLong(range -> range.getEnd() - range.getStart())
                .sum();
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

package dev.freshet.graphjob;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Topic;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.util.OutputTag;

/** Puts together and takes apart what subtasks say about a cut. */
final class Cut {

    /** The side output that goes to the {@link ManifestAssembler}. */
    static final OutputTag<CutPart> TAG = new OutputTag<>("cut", Types.POJO(CutPart.class));

    private Cut() {}

    static byte[] manifest(List<SnapshotFile> files, Map<String, Long> counts, List<TopicOffset> offsets) {
        return manifest(files, counts, offsets, Map.of());
    }

    static byte[] manifest(
            List<SnapshotFile> files,
            Map<String, Long> counts,
            List<TopicOffset> offsets,
            Map<String, Double> meanCosines) {
        return Topic.GRAPH_SNAPSHOTS
                .codec()
                .encode(SnapshotManifest.newBuilder()
                        .setSnapshotId("")
                        .setCheckpointId(0)
                        .setCreatedAt(Instant.EPOCH)
                        .setOffsets(offsets)
                        .setLocation("")
                        .setFiles(files)
                        .setCounts(counts)
                        .setMeanCosines(meanCosines)
                        .setJobVersion("")
                        .build());
    }

    static SnapshotManifest manifest(byte[] bytes) {
        try {
            return Topic.GRAPH_SNAPSHOTS.codec().decode(bytes);
        } catch (BadRecordException e) {
            throw new IllegalStateException(e);
        }
    }
}

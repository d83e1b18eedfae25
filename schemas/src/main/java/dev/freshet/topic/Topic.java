package dev.freshet.topic;

import dev.freshet.codec.RecordCodec;
import dev.freshet.codec.SingleObjectCodec;
import dev.freshet.schema.Control;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Embedding;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.SnapshotManifest;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.specific.SpecificRecordBase;

/**
 * A topic of the loop: its name, its value, and how the broker keeps it.
 *
 * @param name the topic's name
 * @param value the class of its values
 * @param codec the wire format of its values
 * @param cleanup what the broker removes
 * @param retention how long a record stays where cleanup is by age; a negative duration means for ever
 * @param partitions partitions by default; {@link TopicCatalogue} scales the ones keyed by user or item
 * @param <T> the class of its values
 */
public record Topic<T extends SpecificRecordBase>(
        String name,
        Class<T> value,
        RecordCodec<T> codec,
        Cleanup cleanup,
        Duration retention,
        Partitioning partitions) {

    /** What the broker removes. */
    public enum Cleanup {
        /** Records older than the retention. */
        DELETE,
        /** Records that a later one of the same key replaces. */
        COMPACT
    }

    /** How a topic is split. */
    public enum Partitioning {
        /** By key, into as many partitions as the cluster is set to. */
        KEYED,
        /** One partition, so that all of it is in order. */
        SINGLE
    }

    private static final Duration FOREVER = Duration.ofMillis(-1);
    private static final Duration LONG = Duration.ofDays(3650);
    private static final Duration MONTH = Duration.ofDays(30);

    public static final Topic<Interaction> INTERACTIONS =
            topic("interactions", Interaction.class, Cleanup.DELETE, LONG, Partitioning.KEYED);
    public static final Topic<Item> ITEMS = topic("items", Item.class, Cleanup.COMPACT, FOREVER, Partitioning.KEYED);
    public static final Topic<Erasure> ERASURES =
            topic("erasures", Erasure.class, Cleanup.DELETE, FOREVER, Partitioning.SINGLE);
    public static final Topic<NeighborList> NEIGHBORS =
            topic("neighbors", NeighborList.class, Cleanup.COMPACT, FOREVER, Partitioning.KEYED);
    public static final Topic<SnapshotManifest> GRAPH_SNAPSHOTS =
            topic("graph-snapshots", SnapshotManifest.class, Cleanup.COMPACT, FOREVER, Partitioning.SINGLE);
    public static final Topic<ModelRelease> MODELS =
            topic("models", ModelRelease.class, Cleanup.COMPACT, FOREVER, Partitioning.SINGLE);
    public static final Topic<ModelEmbedding> MODEL_EMBEDDINGS =
            topic("model-embeddings", ModelEmbedding.class, Cleanup.DELETE, FOREVER, Partitioning.KEYED);
    public static final Topic<Embedding> EMBEDDINGS =
            topic("embeddings", Embedding.class, Cleanup.COMPACT, FOREVER, Partitioning.KEYED);
    public static final Topic<Recommendations> RECOMMENDATIONS =
            topic("recommendations", Recommendations.class, Cleanup.COMPACT, FOREVER, Partitioning.KEYED);
    public static final Topic<Recommendations> SHADOW_RECOMMENDATIONS =
            topic("shadow-recommendations", Recommendations.class, Cleanup.COMPACT, FOREVER, Partitioning.KEYED);
    public static final Topic<Evaluation> EVALUATIONS =
            topic("evaluations", Evaluation.class, Cleanup.DELETE, MONTH, Partitioning.SINGLE);
    public static final Topic<Control> CONTROL =
            topic("control", Control.class, Cleanup.DELETE, Duration.ofDays(1), Partitioning.SINGLE);
    public static final Topic<DeadLetter> DEAD_LETTERS =
            topic("dead-letters", DeadLetter.class, Cleanup.DELETE, MONTH, Partitioning.SINGLE);

    private static final Map<String, Topic<?>> ALL = new LinkedHashMap<>();

    static {
        for (Topic<?> topic : new Topic<?>[] {
            INTERACTIONS,
            ITEMS,
            ERASURES,
            NEIGHBORS,
            GRAPH_SNAPSHOTS,
            MODELS,
            MODEL_EMBEDDINGS,
            EMBEDDINGS,
            RECOMMENDATIONS,
            SHADOW_RECOMMENDATIONS,
            EVALUATIONS,
            CONTROL,
            DEAD_LETTERS
        }) {
            ALL.put(topic.name(), topic);
        }
    }

    /** Every topic by name, in the order of the loop. */
    public static Map<String, Topic<?>> all() {
        return Collections.unmodifiableMap(ALL);
    }

    private static <T extends SpecificRecordBase> Topic<T> topic(
            String name, Class<T> value, Cleanup cleanup, Duration retention, Partitioning partitions) {
        return new Topic<>(name, value, SingleObjectCodec.of(value, SchemaTopic.KNOWN), cleanup, retention, partitions);
    }
}

package dev.freshet.serving.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.freshet.serving.experiment.Estimate;
import dev.freshet.serving.release.DeadLetterArchive;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The bodies of the HTTP answers, as docs/api.md describes them. What is {@code Nullable} may be null, what is included {@code NON_NULL} or {@code NON_EMPTY} may
 * be missing, all else is always there; a list that may be cut off says with {@code next} where to go on.
 */
final class Answers {

    private Answers() {}

    /** An item as a person knows it. */
    record ItemView(String item, @Nullable String title, @Nullable String imageUrl, boolean available) {}

    record ReasonView(
            String kind,
            @JsonInclude(JsonInclude.Include.NON_NULL) String item,
            @JsonInclude(JsonInclude.Include.NON_NULL) String title,
            double weight,
            @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, Float> modalityWeights,
            @JsonInclude(JsonInclude.Include.NON_NULL) Double uncertainty) {}

    record RecommendedView(
            int rank,
            String item,
            @Nullable String title,
            @Nullable String imageUrl,
            double score,
            List<ReasonView> reasons) {}

    /** @param arm the arm that the user is in; all where users are not split */
    record RecommendationsView(
            String user,
            String arm,
            @Nullable String modelVersion,
            long graphVersion,
            Instant generatedAt,
            @Nullable Instant causedBy,
            List<RecommendedView> items) {}

    record HistoryView(
            String item,
            @Nullable String title,
            @Nullable String imageUrl,
            boolean available,
            String action,
            double weight,
            Instant at) {}

    /**
     * @param refreshed how the vector came about: trained, refreshed (folded with newer interactions), inductive (by the neighbors and
     *     the history of a user whom training did not see), folded_in (from the history alone)
     */
    record EmbeddingView(String modelVersion, String refreshed, int dimension, double norm) {}

    record UserView(
            String user,
            Instant lastActivity,
            int live,
            @Nullable EmbeddingView embedding,
            List<HistoryView> history,
            @Nullable String next) {}

    record UserEntry(String user, Instant lastActivity) {}

    record UsersView(List<UserEntry> users, @Nullable String next) {}

    /**
     * @param origin how the vector came about: trained, inductive (from features and neighbors, as the model defines a node), neighbors (their mean)
     * @param modalityWeights how much each modality has to do with it; empty where the model does not say
     * @param uncertainty share of the variance in the embedding's expected squared length; null where the model does not say
     */
    record ItemEmbeddingView(
            String arm,
            String modelVersion,
            String origin,
            Map<String, Float> modalityWeights,
            @Nullable Double uncertainty) {}

    /**
     * @param inModel whether a model in force was trained on it
     * @param embeddings of the arms whose models have a vector of it
     */
    record ItemDetail(
            String item,
            @Nullable String title,
            @Nullable String imageUrl,
            Map<String, String> attributes,
            boolean available,
            boolean erased,
            long users,
            boolean inModel,
            List<ItemEmbeddingView> embeddings) {}

    record NeighborView(String id, @Nullable String title, @Nullable String imageUrl, double weight) {}

    /**
     * @param version checkpoint of the list; 0 for neighbors by vectors
     * @param modelVersion model whose vectors were compared; null for a live graph
     */
    record NeighborsView(
            String graph,
            String node,
            int degree,
            long version,
            @JsonInclude(JsonInclude.Include.NON_NULL) String modelVersion,
            List<NeighborView> neighbors) {}

    record FoundItem(String item, @Nullable String title, @Nullable String imageUrl, boolean available, long users) {}

    record ItemsView(List<FoundItem> items, @Nullable String next) {}

    /** @param together whether people have it together with the item, or with what they have together with it */
    record SideNeighbor(
            String id, @Nullable String title, @Nullable String imageUrl, double weight, boolean together) {}

    record SideView(String graph, int degree, long version, List<SideNeighbor> neighbors) {}

    /**
     * @param together share of the neighbors by this modality that people have together with the item
     * @param agreed share of them on which all modalities agree; null where the graph job does not say
     * @param doubtful whether another modality is borne out by what people do, and this one is not
     */
    record ModalityView(String modality, double together, @Nullable Double agreed, boolean doubtful) {}

    record ItemGraphsView(String item, List<SideView> graphs, List<ModalityView> modalities) {}

    /** Values from {@code from} on, below {@code to}. */
    record Bin(double from, double to, long count) {}

    /**
     * @param complete whether all lists were read
     * @param degrees live interactions of the nodes
     * @param inLists in how many lists a node is
     */
    record GraphShape(
            String graph,
            String kind,
            long lists,
            long edges,
            boolean complete,
            Instant at,
            double meanWeight,
            List<Bin> degrees,
            List<Bin> inLists,
            List<Bin> weights) {}

    record GraphNode(String id, @Nullable String title, @Nullable String imageUrl, int hops, int degree) {}

    record GraphEdge(String from, String to, double weight) {}

    record NeighborhoodView(String graph, String kind, String node, List<GraphNode> nodes, List<GraphEdge> edges) {}

    record PopularItem(int rank, String item, @Nullable String title, @Nullable String imageUrl, long users) {}

    record PopularView(List<PopularItem> items, @Nullable String next) {}

    record OffsetView(String topic, int partition, long offset) {}

    record ModelView(
            String version,
            String model,
            String action,
            Instant releasedAt,
            String snapshotId,
            @JsonInclude(JsonInclude.Include.NON_NULL) Instant snapshotAt,
            List<OffsetView> offsets,
            Map<String, Double> metrics,
            long users,
            long items,
            int dimension,
            String codeVersion,
            long seed,
            Map<String, String> configuration,
            boolean inForce,
            @JsonInclude(JsonInclude.Include.NON_NULL) String refused) {}

    /**
     * @param arm model that serves it, or all
     * @param version of the model in force; null before the first release
     * @param behind interactions since that was trained; -1 where it is not known
     * @param held whether nothing is released until a training is asked for, after a rollback
     */
    record ArmView(
            String arm,
            double share,
            @Nullable String version,
            @Nullable Instant releasedAt,
            long behind,
            boolean held,
            RescoringView rescoring) {}

    /** @param split arms with their weights; all where users are not split */
    record ModelsView(
            @Nullable String inForce,
            String split,
            List<ArmView> arms,
            List<ModelView> releases,
            @Nullable String next) {}

    /**
     * @param users users of the arm
     * @param measuredUsers those of whom something was measured
     * @param events measured events
     * @param unmeasured events since the start that no list was there before
     */
    record ArmResult(
            String arm,
            double share,
            @Nullable String version,
            long users,
            long measuredUsers,
            long events,
            long unmeasured,
            Freshness freshnessMillis,
            Map<String, Estimate> metrics) {}

    record DifferenceView(String arm, String control, Map<String, Estimate> metrics) {}

    /** @param control the arm with the most users, which the others are compared with */
    record ExperimentView(String split, String control, List<ArmResult> arms, List<DifferenceView> differences) {}

    record Rate(long total, double perSecond) {}

    record Freshness(double p50, double p95, double p99) {}

    record GraphView(long nodes, long edges) {}

    /** @param behind interactions since the cut; -1 where that is not known */
    record SnapshotView(
            String snapshotId, long checkpointId, Instant createdAt, long behind, Map<String, Long> counts) {}

    record TrainingView(
            String runId,
            String model,
            @Nullable String snapshotId,
            int epoch,
            int epochs,
            Map<String, Double> metrics,
            Instant at,
            boolean running,
            boolean silent) {}

    record DecisionView(
            String run,
            @Nullable String version,
            boolean accepted,
            @Nullable String reason,
            Instant at,
            Map<String, Double> metrics) {}

    /** @param version null for the answer to a command that no training stands for */
    record RunView(
            String run,
            String model,
            @Nullable String version,
            @Nullable String snapshotId,
            Instant startedAt,
            Instant at,
            int epochs,
            Map<String, Double> metrics,
            long users,
            @Nullable DecisionView decision) {}

    record RunsView(List<RunView> runs, @Nullable String next) {}

    /** @param configuration data, preset, seeds, epochs, treatment and settings */
    record ResultView(
            String run,
            String model,
            Instant at,
            Map<String, Double> metrics,
            long users,
            Map<String, String> configuration) {}

    record ResultsView(List<ResultView> results, @Nullable String next) {}

    record EpochView(int epoch, Instant at, Map<String, Double> metrics) {}

    record RunDetail(RunView run, List<EpochView> epochs) {}

    record RollbackView(String version, String run) {}

    record SentInteraction(
            String topic, int partition, long offset, String user, String item, String action, Instant eventTime) {}

    /** @param base64 the first of them */
    record BytesView(int size, String base64) {}

    record LetterView(
            long offset,
            String topic,
            int partition,
            long sourceOffset,
            Instant timestamp,
            String reason,
            String job,
            Instant refusedAt,
            @Nullable BytesView key,
            @Nullable BytesView value,
            @Nullable String decoded,
            @Nullable String refusal) {}

    record LettersView(List<DeadLetterArchive.Summary> letters, @Nullable String next) {}

    record ReplayView(long letter, String topic, int partition, long offset) {}

    /** @param level bad, warn or info */
    record Alert(String level, String text) {}

    record HistoryPoint(Instant at, double events, double recommendations, double p50, double p99, long lag) {}

    record RatesView(long everySeconds, List<HistoryPoint> points) {}

    record LoadingView(String version, long read, long total) {}

    record RescoringView(@Nullable String version, long done, long total) {}

    record DeadLettersView(long total, Map<String, Long> byTopic) {}

    /** @param violations items in audited lists that the user has, since the start of the process; always 0 */
    record StatusView(
            String version,
            String state,
            boolean ready,
            Instant startedAt,
            Instant at,
            boolean writes,
            Rate events,
            long lag,
            Rate recommendations,
            Freshness freshnessMillis,
            long violations,
            Map<String, Long> skipped,
            long users,
            long items,
            Map<String, GraphView> graphs,
            @Nullable SnapshotView snapshot,
            @Nullable TrainingView training,
            @Nullable ModelView model,
            long modelBehind,
            @Nullable DecisionView decision,
            long evaluations,
            @Nullable LoadingView loading,
            RescoringView rescoring,
            List<ArmView> arms,
            List<ModelView> releases,
            DeadLettersView deadLetters,
            @JsonInclude(JsonInclude.Include.NON_NULL) List<Alert> alerts) {

        StatusView with(List<Alert> found) {
            return new StatusView(
                    version,
                    state,
                    ready,
                    startedAt,
                    at,
                    writes,
                    events,
                    lag,
                    recommendations,
                    freshnessMillis,
                    violations,
                    skipped,
                    users,
                    items,
                    graphs,
                    snapshot,
                    training,
                    model,
                    modelBehind,
                    decision,
                    evaluations,
                    loading,
                    rescoring,
                    arms,
                    releases,
                    deadLetters,
                    found);
        }
    }

    record Health(String status, boolean live, boolean ready, String state) {}
}

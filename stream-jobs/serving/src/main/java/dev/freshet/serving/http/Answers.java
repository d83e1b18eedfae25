package dev.freshet.serving.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** The bodies of the HTTP answers, as docs/api.md describes them. */
final class Answers {

    private Answers() {}

    /** An item as a person knows it. */
    record ItemView(String item, String title, String imageUrl, boolean available) {}

    record ReasonView(
            String kind,
            @JsonInclude(JsonInclude.Include.NON_NULL) String item,
            @JsonInclude(JsonInclude.Include.NON_NULL) String title,
            double weight) {}

    record RecommendedView(
            int rank, String item, String title, String imageUrl, double score, List<ReasonView> reasons) {}

    record RecommendationsView(
            String user,
            String modelVersion,
            long graphVersion,
            Instant generatedAt,
            Instant causedBy,
            List<RecommendedView> items) {}

    record HistoryView(
            String item, String title, String imageUrl, boolean available, String action, double weight, Instant at) {}

    /**
     * @param refreshed how the vector came about: trained, refreshed (folded with newer interactions), folded_in (from
     *     the history alone)
     */
    record EmbeddingView(String modelVersion, String refreshed, int dimension, double norm) {}

    record UserView(String user, Instant lastActivity, int live, EmbeddingView embedding, List<HistoryView> history) {}

    record UserEntry(String user, Instant lastActivity) {}

    record UsersView(List<UserEntry> users) {}

    record ItemDetail(
            String item,
            String title,
            String imageUrl,
            Map<String, String> attributes,
            boolean available,
            boolean erased,
            long users,
            boolean inModel) {}

    record NeighborView(String id, String title, String imageUrl, double weight) {}

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

    record FoundItem(String item, String title, String imageUrl, boolean available, long users) {}

    record ItemsView(List<FoundItem> items) {}

    /** @param together whether people have it together with the item, or with what they have together with it */
    record SideNeighbor(String id, String title, String imageUrl, double weight, boolean together) {}

    record SideView(String graph, int degree, long version, List<SideNeighbor> neighbors) {}

    /**
     * @param together share of the neighbors by this modality that people have together with the item
     * @param agreed share of them on which all modalities agree; null where the graph job does not say
     * @param doubtful whether another modality is borne out by what people do, and this one is not
     */
    record ModalityView(String modality, double together, Double agreed, boolean doubtful) {}

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

    record GraphNode(String id, String title, String imageUrl, int hops, int degree) {}

    record GraphEdge(String from, String to, double weight) {}

    record NeighborhoodView(String graph, String kind, String node, List<GraphNode> nodes, List<GraphEdge> edges) {}

    record PopularItem(int rank, String item, String title, String imageUrl, long users) {}

    record PopularView(List<PopularItem> items) {}

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

    record ModelsView(String inForce, List<ModelView> releases) {}

    record Rate(long total, double perSecond) {}

    record Freshness(double p50, double p95, double p99) {}

    record GraphView(long nodes, long edges) {}

    /** @param behind interactions since the cut; -1 where that is not known */
    record SnapshotView(
            String snapshotId, long checkpointId, Instant createdAt, long behind, Map<String, Long> counts) {}

    record TrainingView(
            String runId,
            String model,
            String snapshotId,
            int epoch,
            int epochs,
            Map<String, Double> metrics,
            Instant at,
            boolean running,
            boolean silent) {}

    record DecisionView(
            String run, String version, boolean accepted, String reason, Instant at, Map<String, Double> metrics) {}

    /** @param version null for the answer to a command that no training stands for */
    record RunView(
            String run,
            String model,
            String version,
            String snapshotId,
            Instant startedAt,
            Instant at,
            int epochs,
            Map<String, Double> metrics,
            long users,
            DecisionView decision) {}

    record RunsView(List<RunView> runs) {}

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
            BytesView key,
            BytesView value,
            String decoded,
            String refusal) {}

    record ReplayView(long letter, String topic, int partition, long offset) {}

    /** @param level bad, warn or info */
    record Alert(String level, String text) {}

    record HistoryPoint(Instant at, double events, double recommendations, double p50, double p99, long lag) {}

    record RatesView(long everySeconds, List<HistoryPoint> points) {}

    record LoadingView(String version, long read, long total) {}

    record RescoringView(String version, long done, long total) {}

    record DeadLettersView(long total, Map<String, Long> byTopic) {}

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
            Map<String, Long> skipped,
            long users,
            long items,
            Map<String, GraphView> graphs,
            SnapshotView snapshot,
            TrainingView training,
            ModelView model,
            long modelBehind,
            DecisionView decision,
            long evaluations,
            LoadingView loading,
            RescoringView rescoring,
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
                    releases,
                    deadLetters,
                    found);
        }
    }

    record Health(String status, boolean live, boolean ready, String state) {}
}

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
     * @param refreshed how the vector came about: trained, folded (the trained one with newer interactions), folded-in
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

    record NeighborsView(String graph, String node, int degree, long version, List<NeighborView> neighbors) {}

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

    record SnapshotView(String snapshotId, long checkpointId, Instant createdAt, Map<String, Long> counts) {}

    record TrainingView(
            String runId,
            String model,
            String snapshotId,
            int epoch,
            int epochs,
            Map<String, Double> metrics,
            Instant at,
            boolean running) {}

    record LoadingView(String version, long read, long total) {}

    record RescoringView(String version, long done, long total) {}

    record DeadLettersView(long total, Map<String, Long> byTopic) {}

    record StatusView(
            String version,
            String state,
            boolean ready,
            Instant startedAt,
            Instant at,
            Rate events,
            Rate recommendations,
            Freshness freshnessMillis,
            Map<String, Long> skipped,
            long users,
            long items,
            Map<String, GraphView> graphs,
            SnapshotView snapshot,
            TrainingView training,
            ModelView model,
            LoadingView loading,
            RescoringView rescoring,
            List<ModelView> releases,
            DeadLettersView deadLetters) {}

    record Health(String status, boolean live, boolean ready, String state) {}
}

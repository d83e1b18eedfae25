package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Flink's REST interface of a cluster with one job. Every question is empty while the cluster does not answer it. */
final class FlinkRest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final URI address;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

    /**
     * A completed checkpoint.
     *
     * @param triggered milliseconds since 1970
     * @param millis from the trigger to the last acknowledgement
     * @param stateBytes bytes of all files that it refers to
     * @param newBytes bytes of the files that it wrote
     */
    record Checkpoint(long triggered, long millis, long stateBytes, long newBytes) {}

    /** The heap of the JobManager's JVM; with a local cluster, the TaskManager's too. */
    record Heap(long max, long used) {}

    FlinkRest(URI address) {
        this.address = address;
    }

    /** For how long the task that runs longest has been running, milliseconds; empty while none does. */
    OptionalLong runningMillis() throws InterruptedException {
        OptionalLong longest = OptionalLong.empty();
        for (String vertex : vertices("status", "RUNNING")) {
            Optional<JsonNode> details = get(vertex);
            for (JsonNode task : details.map(answer -> answer.path("subtasks")).orElse(JSON.createArrayNode())) {
                long running = task.path("status-duration").path("RUNNING").asLong(-1);
                if (running >= 0) {
                    longest = OptionalLong.of(Math.max(longest.orElse(0), running));
                }
            }
        }
        return longest;
    }

    /** The state of the job, such as RUNNING or RESTARTING. */
    Optional<String> jobState() throws InterruptedException {
        return job().map(job -> job.path("state").asText());
    }

    /** The first line of what failed last. */
    Optional<String> rootException() throws InterruptedException {
        Optional<String> id = jobId();
        return id.isEmpty()
                ? Optional.empty()
                : get("/jobs/" + id.get() + "/exceptions").flatMap(answer -> answer.path("exceptionHistory")
                        .path("entries")
                        .path(0)
                        .path("stacktrace")
                        .asText()
                        .lines()
                        .findFirst());
    }

    /** A recent checkpoint, if it is completed. */
    Optional<Checkpoint> checkpoint(long id) throws InterruptedException {
        Optional<String> job = jobId();
        if (job.isEmpty()) {
            return Optional.empty();
        }
        return get("/jobs/" + job.get() + "/checkpoints/details/" + id)
                .filter(answer -> answer.path("status").asText().equals("COMPLETED"))
                .map(answer -> new Checkpoint(
                        answer.path("trigger_timestamp").asLong(),
                        answer.path("end_to_end_duration").asLong(),
                        answer.path("state_size").asLong(),
                        answer.path("checkpointed_size").asLong()));
    }

    /** The heap now. */
    Optional<Heap> heap() throws InterruptedException {
        Optional<JsonNode> answer =
                get("/jobmanager/metrics?get=Status.JVM.Memory.Heap.Max,Status.JVM.Memory.Heap.Used");
        long max = 0;
        long used = 0;
        for (JsonNode metric : answer.orElse(JSON.createArrayNode())) {
            if (metric.path("id").asText().endsWith("Max")) {
                max = metric.path("value").asLong();
            } else {
                used = metric.path("value").asLong();
            }
        }
        return max == 0 ? Optional.empty() : Optional.of(new Heap(max, used));
    }

    /** Records in the topics that the sources which have read any have not fetched yet. */
    OptionalLong pendingRecords() throws InterruptedException {
        OptionalLong pending = OptionalLong.empty();
        for (String vertex : vertices("name", "Source: ")) {
            String metrics = vertex + "/subtasks/metrics";
            Optional<JsonNode> all = get(metrics);
            if (all.isEmpty()) {
                return OptionalLong.empty();
            }
            for (JsonNode metric : all.get()) {
                String id = metric.path("id").asText();
                if (id.endsWith(".pendingRecords")) {
                    String query = metrics + "?agg=sum&get=" + URLEncoder.encode(id, StandardCharsets.UTF_8);
                    Optional<JsonNode> sum =
                            get(query).map(answer -> answer.path(0).path("sum"));
                    if (sum.isEmpty() || sum.get().isMissingNode()) {
                        return OptionalLong.empty();
                    }
                    pending = OptionalLong.of(pending.orElse(0) + sum.get().asLong());
                }
            }
        }
        return pending;
    }

    /** Asks for a checkpoint now; returns whether Flink has taken the request. */
    boolean triggerCheckpoint() throws InterruptedException {
        Optional<String> job = jobId();
        return job.isPresent()
                && send(HttpRequest.newBuilder(address.resolve("/jobs/" + job.get() + "/checkpoints"))
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString("{\"checkpointType\": \"CONFIGURED\"}")))
                        .isPresent();
    }

    /** Paths of the job's vertices of which a field begins so. */
    private List<String> vertices(String field, String beginning) throws InterruptedException {
        List<String> paths = new ArrayList<>();
        Optional<JsonNode> job = job();
        for (JsonNode vertex : job.map(answer -> answer.path("vertices")).orElse(JSON.createArrayNode())) {
            if (vertex.path(field).asText().startsWith(beginning)) {
                paths.add("/jobs/" + job.get().path("jid").asText() + "/vertices/"
                        + vertex.path("id").asText());
            }
        }
        return paths;
    }

    private Optional<JsonNode> job() throws InterruptedException {
        Optional<String> id = jobId();
        return id.isEmpty() ? Optional.empty() : get("/jobs/" + id.get());
    }

    private Optional<String> jobId() throws InterruptedException {
        return get("/jobs")
                .map(answer -> answer.path("jobs").path(0).path("id").asText())
                .filter(id -> !id.isEmpty());
    }

    private Optional<JsonNode> get(String path) throws InterruptedException {
        return send(HttpRequest.newBuilder(address.resolve(path)));
    }

    private Optional<JsonNode> send(HttpRequest.Builder request) throws InterruptedException {
        try {
            HttpResponse<byte[]> response =
                    http.send(request.timeout(TIMEOUT).build(), HttpResponse.BodyHandlers.ofByteArray());
            return response.statusCode() / 100 == 2 ? Optional.of(JSON.readTree(response.body())) : Optional.empty();
        } catch (IOException e) {
            // It starts, or is too busy to answer; the caller asks again.
            return Optional.empty();
        }
    }
}

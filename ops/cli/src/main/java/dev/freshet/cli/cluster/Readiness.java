package dev.freshet.cli.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.process.JavaProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;

/** Asks the parts of a cluster whether they do their work. */
final class Readiness {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TRAINER_READY = "waiting for snapshots";
    private static final int TAIL_LINES = 12;

    private final ClusterOptions options;
    private final Admin admin;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

    Readiness(ClusterOptions options, Admin admin) {
        this.options = options;
        this.admin = admin;
    }

    /** Whether a part, whose process runs, is ready. */
    boolean isReady(Part part, JavaProcess process) {
        return switch (part) {
            case BROKER -> brokerAnswers();
            case GRAPH_JOB -> flinkRuns();
            case SERVING -> get(options.servingUri().resolve("/health")).isPresent();
                // It has no port; its log says so.
            case TRAINER -> process.tail(TAIL_LINES).stream().anyMatch(line -> line.endsWith(TRAINER_READY));
        };
    }

    private boolean brokerAnswers() {
        try {
            return !admin.describeCluster().nodes().get(2, TimeUnit.SECONDS).isEmpty();
        } catch (ExecutionException | TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private boolean flinkRuns() {
        Optional<String> overview = get(options.flinkUri().resolve("/jobs/overview"));
        if (overview.isEmpty()) {
            return false;
        }
        try {
            for (JsonNode job : JSON.readTree(overview.get()).path("jobs")) {
                JsonNode tasks = job.path("tasks");
                if (job.path("state").asText().equals("RUNNING")
                        && tasks.path("running").asInt() == tasks.path("total").asInt()
                        && tasks.path("total").asInt() > 0) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    private Optional<String> get(URI uri) {
        try {
            HttpResponse<String> response = http.send(
                    HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(2)).build(),
                    HttpResponse.BodyHandlers.ofString());
            return response.statusCode() == 200 ? Optional.of(response.body()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}

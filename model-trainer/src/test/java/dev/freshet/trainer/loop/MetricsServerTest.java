package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

class MetricsServerTest {

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final TrainerMetrics metrics = new TrainerMetrics(registry);

    private static HttpResponse<String> send(String method, int port, String path)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void showsWhatIsCounted() throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (MetricsServer server = new MetricsServer(any, registry)) {
            metrics.epoch();
            metrics.abandoned();
            HttpResponse<String> answer = send("GET", server.port(), "/metrics");
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body())
                    .contains(
                            "freshet_training_epochs_total 1.0",
                            "freshet_trainings_abandoned_total 1.0",
                            "freshet_gate_decisions_total{decision=\"refused\"} 0.0",
                            "freshet_gate_recall{of=\"candidate\"} NaN",
                            "freshet_trainer_snapshot_age_seconds NaN");
            assertThat(send("GET", server.port(), "/metrics/more").statusCode()).isEqualTo(404);
            assertThat(send("POST", server.port(), "/metrics").statusCode()).isEqualTo(405);
            assertThatThrownBy(() ->
                            new MetricsServer(new InetSocketAddress("127.0.0.1", server.port()), registry).close())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("choose another address with --metrics");
        }
    }
}

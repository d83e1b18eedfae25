package dev.freshet.graphjob;

import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for what the job reads from. */
final class Topics {

    private static final Logger LOG = LoggerFactory.getLogger(Topics.class);
    private static final int POLL_MILLIS = 250;
    private static final int POLLS_PER_LINE = 40;

    private Topics() {}

    /**
     * Waits until the topics and the topic schemas exist; says every 10 s what it waits for.
     *
     * @return false if {@code stop} came first
     * @throws IOException if the address cannot be one of Kafka
     */
    static boolean await(String bootstrap, CountDownLatch stop, Topic<?>... topics)
            throws IOException, InterruptedException {
        Set<String> missing = new TreeSet<>(Set.of(SchemaTopic.NAME));
        for (Topic<?> topic : topics) {
            missing.add(topic.name());
        }
        try (Admin admin = admin(bootstrap)) {
            for (int poll = 1; ; poll++) {
                String what = "no answer from Kafka at " + bootstrap;
                try {
                    missing.removeAll(admin.listTopics().names().get());
                    if (missing.isEmpty()) {
                        return true;
                    }
                    what = "Kafka at " + bootstrap + " has no topics " + String.join(", ", missing) + " yet";
                } catch (ExecutionException e) {
                    LOG.debug("no answer", e);
                }
                if (poll % POLLS_PER_LINE == 4) {
                    LOG.info("waiting: {}", what);
                }
                if (stop.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                    return false;
                }
            }
        }
    }

    private static Admin admin(String bootstrap) throws IOException {
        try {
            return Admin.create(Map.of(
                    AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                    bootstrap,
                    AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
                    "5000",
                    AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                    "5000"));
        } catch (KafkaException e) {
            Throwable reason = e.getCause() == null ? e : e.getCause();
            throw new IOException(
                    "Kafka's address " + bootstrap + " cannot be used (" + reason.getMessage()
                            + "); set --bootstrap to HOST:PORT of a broker",
                    e);
        }
    }
}

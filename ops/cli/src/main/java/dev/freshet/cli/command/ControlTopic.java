package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.schema.Command;
import dev.freshet.schema.Control;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Commands to the loop, on the topic {@code control}. */
public final class ControlTopic {

    private ControlTopic() {}

    /**
     * Sends a command, and waits until the broker has it.
     *
     * @return its offset
     * @throws CliException if the broker does not take it
     */
    public static long send(String bootstrap, Command command, Map<String, String> arguments)
            throws CliException, InterruptedException {
        Control control = Control.newBuilder()
                .setCommand(command)
                .setArguments(arguments)
                .setRequestedAt(Instant.now().truncatedTo(ChronoUnit.MILLIS))
                .build();
        try (Producer<byte[], byte[]> producer = Clients.producer(bootstrap)) {
            return producer.send(new ProducerRecord<>(
                            Topic.CONTROL.name(),
                            command.name().getBytes(StandardCharsets.UTF_8),
                            Topic.CONTROL.codec().encode(control)))
                    .get()
                    .offset();
        } catch (ExecutionException e) {
            throw new CliException(
                    "the broker at " + bootstrap + " did not take the command: "
                            + e.getCause().getMessage(),
                    e);
        }
    }
}

package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Recommendations;
import dev.freshet.topic.Topic;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;

/** Reads the topic {@code recommendations}, and tells the events which lists they have caused. */
final class ListReader implements AutoCloseable {

    private final ReaderThread thread;
    private volatile SentEvents sent;

    ListReader(String bootstrap) {
        thread = new ReaderThread(bootstrap, List.of(Topic.RECOMMENDATIONS.name()), this::take);
    }

    /** From now on these events are waited for. */
    void follow(SentEvents events) {
        sent = events;
    }

    private void take(ConsumerRecords<byte[], byte[]> records, long nanos) throws BadRecordException {
        SentEvents events = sent;
        for (ConsumerRecord<byte[], byte[]> record : records) {
            if (events != null && record.value() != null) {
                Recommendations list = Topic.RECOMMENDATIONS.codec().decode(record.value());
                if (list.getCausedBy() != null) {
                    events.answered(list.getUser(), list.getCausedBy(), nanos);
                }
            }
        }
    }

    void check() throws CliException {
        thread.check();
    }

    @Override
    public void close() {
        thread.close();
    }
}

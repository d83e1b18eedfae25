package dev.freshet.examples;

import dev.freshet.schema.Interaction;
import dev.freshet.topic.Topic;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * For Kafka Connect: turns lines {@code timestamp,user,item,action} (milliseconds since 1970), as its file source reads them, into
 * records for the topic interactions. A header line is passed over.
 *
 * @param <R> record of a source or of a sink
 */
public final class EventLines<R extends ConnectRecord<R>> implements Transformation<R> {

    private static final int FIELDS = 4;

    @Override
    public R apply(R record) {
        String line = String.valueOf(record.value());
        String[] fields = line.split(",", -1);
        if (fields[0].equals("timestamp")) {
            return null;
        }
        if (fields.length != FIELDS) {
            throw new DataException(
                    "'" + line + "' has " + fields.length + " fields; it must be timestamp,user,item,action");
        }
        Interaction event;
        try {
            event = Interaction.newBuilder()
                    .setEventTime(Instant.ofEpochMilli(Long.parseLong(fields[0])))
                    .setUser(fields[1])
                    .setItem(fields[2])
                    .setAction(fields[3])
                    .build();
        } catch (NumberFormatException | DateTimeException e) {
            throw new DataException("'" + fields[0] + "' is no time; it must be milliseconds since 1970", e);
        }
        return record.newRecord(
                record.topic(),
                null,
                Schema.STRING_SCHEMA,
                event.getUser(),
                Schema.BYTES_SCHEMA,
                Topic.INTERACTIONS.codec().encode(event),
                record.timestamp());
    }

    @Override
    public ConfigDef config() {
        return new ConfigDef();
    }

    @Override
    public void configure(Map<String, ?> settings) {}

    @Override
    public void close() {}
}

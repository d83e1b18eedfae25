package dev.freshet.graphjob;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.NodeKind;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** Decodes and checks erasures. What was erased stays erased: the tombstone of a request changes nothing. */
final class ErasureIntake extends RecordIntake<Event> {

    private static final long serialVersionUID = 1L;

    private final WireFormat format;

    ErasureIntake(Schemas schemas, WireFormat format) {
        super(schemas);
        this.format = format;
    }

    @Override
    long read(RawRecord record) {
        if (record.value == null) {
            return Long.MIN_VALUE;
        }
        Erasure erasure;
        try {
            erasure = format.awaitDecoded(Topic.ERASURES, record.value);
            Intake.check(erasure, record.timestamp);
        } catch (BadRecordException e) {
            refuse(record, e.getMessage());
            return Long.MIN_VALUE;
        }
        output.collect(new StreamRecord<>(event(erasure)));
        return Long.MIN_VALUE;
    }

    static Event event(Erasure erasure) {
        Event event = new Event();
        if (erasure.getKind() == NodeKind.USER) {
            event.user = erasure.getId();
        } else {
            event.item = erasure.getId();
        }
        event.eventTime = erasure.getRequestedAt().toEpochMilli();
        return event;
    }

    static boolean isOfUser(Event erasure) {
        return erasure.item == null;
    }

    static boolean isOfItem(Event erasure) {
        return erasure.user == null;
    }

    /** An item's erasure as the catalogue takes it. */
    static CatalogItem withdrawal(Event erasure) {
        CatalogItem item = new CatalogItem();
        item.item = erasure.item;
        item.appended = erasure.eventTime;
        item.erased = true;
        return item;
    }
}

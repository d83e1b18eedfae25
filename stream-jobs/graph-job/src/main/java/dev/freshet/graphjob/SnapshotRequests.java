package dev.freshet.graphjob;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Command;
import dev.freshet.topic.Topic;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** Turns the control command SNAPSHOT into a request for a manifest. Bad commands are the trainer's to report. */
final class SnapshotRequests extends RecordIntake<CutPart> {

    private static final long serialVersionUID = 1L;

    SnapshotRequests(Schemas schemas) {
        super(schemas);
    }

    @Override
    long read(RawRecord record) {
        try {
            if (Topic.CONTROL.codec().decode(record.value).getCommand() == Command.SNAPSHOT) {
                CutPart request = new CutPart();
                request.requested = true;
                output.collect(new StreamRecord<>(request));
            }
        } catch (BadRecordException e) {
            LOG.warn("control, offset {}: {}", record.offset, e.getMessage());
        }
        return Long.MIN_VALUE;
    }
}

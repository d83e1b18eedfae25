package dev.freshet.graphjob;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Interaction;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/** Decodes and checks interactions. */
final class InteractionIntake extends RecordIntake<Event> {

    private static final long serialVersionUID = 1L;

    /** Greatest event time so far, for those who let interactions expire. */
    static final OutputTag<NodeBatch> TIMES = new OutputTag<>("event-times", Types.POJO(NodeBatch.class));

    private transient long latest;
    private transient boolean advanced;

    private final WireFormat format;

    InteractionIntake(Schemas schemas, WireFormat format) {
        super(schemas);
        this.format = format;
    }

    @Override
    public void open() throws Exception {
        super.open();
        latest = Long.MIN_VALUE;
    }

    @Override
    long read(RawRecord record) {
        Interaction interaction;
        try {
            interaction = format.awaitDecoded(Topic.INTERACTIONS, record.value);
            Intake.check(record.key, interaction, record.timestamp);
        } catch (BadRecordException e) {
            refuse(record, e.getMessage());
            return Long.MIN_VALUE;
        }
        Event event = new Event();
        event.user = interaction.getUser();
        event.item = interaction.getItem();
        event.itemId = -1;
        event.live = !Intake.isRemoval(interaction);
        event.action = interaction.getAction();
        event.weight = interaction.getWeight();
        event.eventTime = interaction.getEventTime().toEpochMilli();
        event.partition = record.partition;
        event.offset = record.offset;
        output.collect(new StreamRecord<>(event));
        if (event.eventTime > latest) {
            latest = event.eventTime;
            advanced = true;
        }
        return event.eventTime;
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        if (advanced) {
            advanced = false;
            NodeBatch time = new NodeBatch();
            time.eventTime = latest;
            output.collect(TIMES, new StreamRecord<>(time));
        }
        super.prepareSnapshotPreBarrier(checkpointId);
    }
}

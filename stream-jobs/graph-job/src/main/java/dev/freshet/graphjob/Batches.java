package dev.freshet.graphjob;

import dev.freshet.graph.incremental.NodeUpdates;
import dev.freshet.graph.incremental.UserLinks;
import org.apache.flink.streaming.api.operators.Output;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/** Sends packed records in pieces that fit a few network buffers. */
final class Batches {

    /** Length of a batch from which it is sent. */
    static final int BYTES = 1 << 17;

    private Batches() {}

    static void sendIfFull(NodeUpdates updates, OutputTag<NodeBatch> tag, Output<?> output) {
        if (updates.size() >= BYTES) {
            send(updates, tag, output);
        }
    }

    static void send(NodeUpdates updates, OutputTag<NodeBatch> tag, Output<?> output) {
        if (updates.size() > 0) {
            output.collect(tag, new StreamRecord<>(new NodeBatch(updates.take())));
        }
    }

    static void send(UserLinks links, OutputTag<NodeBatch> tag, Output<?> output) {
        if (links.size() > 0) {
            output.collect(tag, new StreamRecord<>(new NodeBatch(links.take())));
        }
    }
}

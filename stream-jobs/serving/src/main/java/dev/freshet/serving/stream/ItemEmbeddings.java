package dev.freshet.serving.stream;

import dev.freshet.codec.Vectors;
import dev.freshet.schema.Embedding;
import dev.freshet.schema.NodeKind;
import dev.freshet.serving.score.ItemVectors;
import dev.freshet.serving.score.Model;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Publishes the embeddings of items by the model in force, each when it has changed, and a tombstone for one that has none any more. A pass over all
 * items, and then over all that were published, follows a release; one over those that came since the snapshot a change of theirs. Of the task of one
 * partition, which does it for all.
 */
final class ItemEmbeddings {

    private final ServingContext serving;
    /** Item → version and hash of what was published last. */
    private final KeyValueStore<String, byte[]> published;

    private final BiConsumer<String, byte[]> out;

    private Model model;
    private ItemVectors vectors;
    private int next;
    /** Where the pass over what was published goes on; null where there is none to be made. */
    private String withdrawing;
    /** Items that came since the snapshot and were published by this pass over them. */
    private List<String> arrived = new ArrayList<>();
    /** Items to be looked at singly, before all passes: erased or sent again, or of the last pass over those that came since. */
    private final Queue<String> single = new ArrayDeque<>();

    /**
     * @param published what was published, as {@link ServingTopology#ITEM_EMBEDDINGS_STORE} has it
     * @param out takes key and value, or null for a tombstone
     */
    ItemEmbeddings(ServingContext serving, KeyValueStore<String, byte[]> published, BiConsumer<String, byte[]> out) {
        this.serving = serving;
        this.published = published;
        this.out = out;
    }

    /**
     * Goes on for the rest of a slice.
     *
     * @param now milliseconds since 1970
     * @param late whether the slice is over
     */
    void slice(long now, BooleanSupplier late) {
        Model inForce = serving.model();
        if (inForce == null) {
            return;
        }
        if (inForce != model) {
            model = inForce;
            vectors = inForce.vectors();
            next = 0;
            withdrawing = "";
            arrived = new ArrayList<>();
        } else if (next == vectors.size() && inForce.vectors() != vectors) {
            vectors = inForce.vectors();
            next = model.items().size();
            single.addAll(arrived);
            arrived = new ArrayList<>();
        }
        while (!single.isEmpty() && !late.getAsBoolean()) {
            lookAt(single.remove(), now);
        }
        while (next < vectors.size() && !late.getAsBoolean()) {
            String item = vectors.id(next);
            if (next >= model.items().size()) {
                arrived.add(item);
            }
            publish(item, next++, now);
        }
        // Before all that came since has been embedded, it only seems to be gone.
        if (next == vectors.size()
                && withdrawing != null
                && serving.arrivals().isDone(model)
                && vectors == inForce.vectors()) {
            withdraw(now, late);
        }
    }

    /** Withdraws what was published of items that were erased, without waiting for anything. */
    void withdrawErased() {
        for (String item : serving.catalogue().takeGoneOrBack()) {
            if (serving.catalogue().erased(item)) {
                withdraw(item);
            } else {
                single.add(item);
            }
        }
    }

    private void withdraw(String item) {
        if (published.get(item) != null) {
            out.accept(Keys.node(NodeKind.ITEM, item), null);
            published.delete(item);
        }
    }

    private void lookAt(String item, long now) {
        int row = vectors.row(item);
        boolean trained = row >= 0 && row < model.items().size();
        // What came since is published by the pass over it; what is not there yet may only seem to be gone.
        if (trained || serving.catalogue().erased(item) || (row < 0 && withdrawing == null)) {
            publish(item, row, now);
        }
    }

    /** Goes on with the pass over what was published. */
    private void withdraw(long now, BooleanSupplier late) {
        try (KeyValueIterator<String, byte[]> rest = published.range(withdrawing, null)) {
            while (rest.hasNext()) {
                if (late.getAsBoolean()) {
                    withdrawing = rest.peekNextKey();
                    return;
                }
                String item = rest.next().key;
                if (vectors.row(item) < 0) {
                    publish(item, -1, now);
                }
            }
        }
        withdrawing = null;
    }

    /** @param row the item's row, or -1 where it has none */
    private void publish(String item, int row, long now) {
        if (row < 0 || serving.catalogue().erased(item)) {
            withdraw(item);
            return;
        }
        float[] vector = vectors.vector(row);
        byte[] mark = (model.version() + ' ' + Arrays.hashCode(vector)).getBytes(StandardCharsets.UTF_8);
        if (Arrays.equals(mark, published.get(item))) {
            return;
        }
        Embedding embedding =
                new Embedding(NodeKind.ITEM, item, Vectors.toList(vector), model.version(), Instant.ofEpochMilli(now));
        out.accept(
                Keys.node(NodeKind.ITEM, item),
                serving.format().codec(Topic.EMBEDDINGS).encode(embedding));
        published.put(item, mark);
    }
}

package dev.freshet.serving.score;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Topic;
import it.unimi.dsi.fastutil.objects.Object2IntMap;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * A released model, whole and immutable: what one version knows of items and users, and the cut of the stream that it was
 * trained on. A score takes everything from one instance, so it never mixes two versions.
 */
public final class Model {

    /**
     * The positions in the stream from which on a model knows nothing.
     *
     * @param interactions first offset of the topic interactions that is not in the snapshot, by partition
     * @param erasures first offset of the topic erasures that is not in it
     */
    public record Cut(Map<Integer, Long> interactions, long erasures) {

        /** The cut of the snapshot that a release was trained on. */
        static Cut of(ModelRelease release) {
            Map<Integer, Long> interactions = new HashMap<>();
            long erasures = 0;
            for (TopicOffset position : release.getOffsets()) {
                if (position.getTopic().equals(Topic.INTERACTIONS.name())) {
                    interactions.put(position.getPartition(), position.getOffset());
                } else if (position.getTopic().equals(Topic.ERASURES.name())) {
                    erasures = position.getOffset();
                }
            }
            return new Cut(Map.copyOf(interactions), erasures);
        }

        /** Whether the model has not seen the event. */
        public boolean precedes(Stamp event) {
            return event.offset() >= interactions.getOrDefault(event.partition(), 0L);
        }

        /** Whether the model was trained after the request to forget at this offset of the topic erasures was done. */
        public boolean hasSeenErasure(long offset) {
            return offset < erasures;
        }
    }

    private final ModelRelease release;
    private final Cut cut;
    private final ItemMatrix items;
    private final Object2IntMap<String> userRows;
    private final float[][] users;
    private final float meanUserNorm;

    private Model(ModelRelease release, Cut cut, ItemMatrix items, Map<String, float[]> userVectors) {
        this.release = release;
        this.cut = cut;
        this.items = items;
        this.userRows = new Object2IntOpenHashMap<>(userVectors.size());
        userRows.defaultReturnValue(-1);
        this.users = new float[userVectors.size()][];
        double norms = 0;
        int row = 0;
        for (Map.Entry<String, float[]> user : userVectors.entrySet()) {
            users[row] = user.getValue();
            norms += FoldIn.norm(user.getValue());
            userRows.put(user.getKey(), row++);
        }
        this.meanUserNorm = row == 0 || norms == 0 ? 1 : (float) (norms / row);
    }

    /** The release that put it in force. */
    public ModelRelease release() {
        return release;
    }

    /** Its version; sorts by age. */
    public String version() {
        return release.getVersion();
    }

    /** What of the stream it has seen. */
    public Cut cut() {
        return cut;
    }

    public ItemMatrix items() {
        return items;
    }

    /** The trained vector of a user, or null where training did not see the user. Not to be changed. */
    public float[] user(String id) {
        int row = userRows.getInt(id);
        return row < 0 ? null : users[row];
    }

    /** Shows every user that training saw, with the trained vector, which is not to be changed; in no order. */
    public void forEachUser(BiConsumer<String, float[]> each) {
        userRows.forEach((id, row) -> each.accept(id, users[row]));
    }

    /** Mean length of the trained user vectors, the scale of folded-in ones. */
    public float meanUserNorm() {
        return meanUserNorm;
    }

    /** Collects the embeddings of one release and checks them against what the release says. */
    public static final class Builder {

        private final ModelRelease release;
        private final Map<String, float[]> items = new HashMap<>();
        private final Map<String, float[]> users = new HashMap<>();

        /** @throws InvalidModelException if the release itself makes no sense */
        public Builder(ModelRelease release) throws InvalidModelException {
            if (release.getDimension() < 1) {
                throw new InvalidModelException(
                        "the dimension is " + release.getDimension() + "; it must be at least 1");
            }
            if (release.getItems() < 1) {
                throw new InvalidModelException("it has no item embeddings");
            }
            this.release = release;
        }

        /**
         * Takes one embedding.
         *
         * @throws InvalidModelException if it has the wrong length, a number that is not finite, or came before
         */
        public void add(NodeKind kind, String id, float[] vector) throws InvalidModelException {
            if (vector.length != release.getDimension()) {
                throw new InvalidModelException(describe(kind, id) + " has " + vector.length
                        + " values; the release says dimension " + release.getDimension());
            }
            for (float value : vector) {
                if (!Float.isFinite(value)) {
                    throw new InvalidModelException(describe(kind, id) + " contains " + value);
                }
            }
            if ((kind == NodeKind.ITEM ? items : users).put(id, vector) != null) {
                throw new InvalidModelException(describe(kind, id) + " comes twice");
            }
        }

        /** @throws InvalidModelException if embeddings are missing or too many */
        public Model build() throws InvalidModelException {
            if (items.size() != release.getItems() || users.size() != release.getUsers()) {
                throw new InvalidModelException("found " + items.size() + " item and " + users.size()
                        + " user embeddings; the release says " + release.getItems() + " and " + release.getUsers());
            }
            return new Model(release, Cut.of(release), new ItemMatrix(items, release.getDimension()), users);
        }

        private static String describe(NodeKind kind, String id) {
            return "the embedding of " + (kind == NodeKind.ITEM ? "item " : "user ") + id;
        }
    }
}

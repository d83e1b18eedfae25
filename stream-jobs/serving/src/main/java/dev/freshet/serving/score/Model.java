package dev.freshet.serving.score;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.inductive.NodeEncoder;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Topic;
import it.unimi.dsi.fastutil.objects.Object2IntMap;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * A released model, whole: what one version knows of items and users, and the cut of the stream that it was
 * trained on. A score takes everything from one instance, so it never mixes two versions. Immutable but for the items that came since
 * the snapshot, whose vectors are worked out in this version's space and replaced all at once. Thread-safe.
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
    private final ItemSearch search;
    private final Items facts;
    private final AtomicReference<Since> since;
    private final NodeEncoder encoder;
    private final Object2IntMap<String> userRows;
    private final float[][] users;
    /** States of the users, of an inductive model; else null. */
    private final float[][] userStates;

    private final float meanUserNorm;

    /**
     * Of each item by its row: weights of the experts, uncertainty, state; each null where the model has no such.
     *
     * @param names names of the experts
     */
    private record Items(List<String> names, float[][] weights, double[] uncertainty, float[][] states) {}

    /** Items that came since the snapshot, and all vectors with theirs. */
    private record Since(Map<String, ArrivedItem> items, ItemVectors vectors) {}

    private Model(
            ModelRelease release,
            Cut cut,
            ItemMatrix items,
            Items facts,
            NodeEncoder encoder,
            Map<String, float[]> userVectors,
            Map<String, float[]> states) {
        this.release = release;
        this.cut = cut;
        this.items = items;
        this.search = new ItemSearch(items);
        this.facts = facts;
        this.encoder = encoder;
        this.since = new AtomicReference<>(since(Map.of()));
        this.userRows = new Object2IntOpenHashMap<>(userVectors.size());
        userRows.defaultReturnValue(-1);
        this.users = new float[userVectors.size()][];
        this.userStates = encoder == null ? null : new float[users.length][];
        double norms = 0;
        int row = 0;
        for (Map.Entry<String, float[]> user : userVectors.entrySet()) {
            users[row] = user.getValue();
            norms += FoldIn.norm(user.getValue());
            if (encoder != null) {
                userStates[row] = states.get(user.getKey());
            }
            userRows.put(user.getKey(), row++);
        }
        this.meanUserNorm = row == 0 || norms == 0 ? 1 : (float) (norms / row);
    }

    /** The same without what came since. */
    private Model(Model as) {
        this.release = as.release;
        this.cut = as.cut;
        this.items = as.items;
        this.search = as.search;
        this.facts = as.facts;
        this.encoder = as.encoder;
        this.since = new AtomicReference<>(since(Map.of()));
        this.userRows = as.userRows;
        this.users = as.users;
        this.userStates = as.userStates;
        this.meanUserNorm = as.meanUserNorm;
    }

    private Since since(Map<String, ArrivedItem> arrived) {
        Map<String, float[]> vectors = new HashMap<>();
        arrived.forEach((id, item) -> vectors.put(id, item.vector()));
        return new Since(arrived, new ItemVectors(search, new ItemMatrix(vectors, release.getDimension())));
    }

    /** The model as it was released, without items that came since; what it was trained on is shared. */
    public Model asReleased() {
        return new Model(this);
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

    /** The items that it was trained on. */
    public ItemMatrix items() {
        return items;
    }

    /**
     * Builds an index of the items that it was trained on, which takes minutes where they are many: it scores on meanwhile, looking at all, and then asks the
     * index, which finds most of the best. One index is for the model and what {@link #asReleased} made of it.
     *
     * @param threads threads to build with
     * @param wanted whether to go on; asked often
     * @return whether it was built
     */
    public boolean index(int threads, BooleanSupplier wanted) {
        return search.index(threads, wanted);
    }

    /** The vectors of all items that it can score: one state, to be asked for once. */
    public ItemVectors vectors() {
        return since.get().vectors();
    }

    /** Sets which items came since its snapshot, instead of those so far; at once, for everyone. */
    public void arrived(Map<String, ArrivedItem> arrived) {
        since.set(since(Map.copyOf(arrived)));
    }

    /** What it takes to embed nodes that it was not trained on; null of models that cannot. */
    public NodeEncoder encoder() {
        return encoder;
    }

    /** State of an item, or null where training did not see it, or the model is not inductive. Not to be changed. */
    public float[] itemState(String id) {
        int row = encoder == null ? -1 : items.row(id);
        return row < 0 ? null : facts.states[row];
    }

    /** State of a user, as of {@link #itemState}. */
    public float[] userState(String id) {
        int row = encoder == null ? -1 : userRows.getInt(id);
        return row < 0 ? null : userStates[row];
    }

    /** What it says of an item besides the vector; null where it has none. */
    public ItemFacts facts(String item) {
        int row = items.row(item);
        if (row >= 0) {
            return new ItemFacts(
                    ItemFacts.Origin.TRAINED,
                    weights(facts.weights == null ? null : facts.weights[row]),
                    facts.uncertainty == null ? null : facts.uncertainty[row]);
        }
        ArrivedItem arrived = since.get().items().get(item);
        return arrived == null
                ? null
                : new ItemFacts(arrived.origin(), weights(arrived.weights()), arrived.uncertainty());
    }

    private Map<String, Float> weights(float[] values) {
        Map<String, Float> weights = new TreeMap<>();
        for (int e = 0; values != null && e < values.length; e++) {
            weights.put(facts.names.get(e), values[e]);
        }
        return weights;
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
        private final Map<String, float[]> itemStates = new HashMap<>();
        private final Map<String, float[]> userStates = new HashMap<>();
        private final Map<String, float[]> weights = new HashMap<>();
        private final Map<String, Double> uncertainty = new HashMap<>();
        private final Map<String, Map<Integer, float[]>> parameters = new HashMap<>();
        private List<String> names;

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
            this.names = release.getExperts();
        }

        /**
         * Takes one record of the topic.
         *
         * @return whether it was an embedding, not a parameter's row
         * @throws InvalidModelException as of {@link #add(NodeKind, String, float[])}, and if what an inductive model needs is wrong
         */
        public boolean add(ModelEmbedding embedding) throws InvalidModelException {
            float[] vector = Vectors.toArray(embedding.getVector());
            String id = embedding.getId();
            if (embedding.getParameter() != null) {
                addRow(embedding.getParameter(), id, vector);
                return false;
            }
            boolean item = embedding.getKind() == NodeKind.ITEM;
            add(embedding.getKind(), id, vector);
            if (embedding.getState() != null) {
                float[] state = Vectors.toArray(embedding.getState());
                requireFinite(state, "the state of " + describe(embedding.getKind(), id));
                (item ? itemStates : userStates).put(id, state);
            }
            if (item && embedding.getVariance() != null) {
                float[] variance = Vectors.toArray(embedding.getVariance());
                requireFinite(variance, "the variance of " + describe(embedding.getKind(), id));
                uncertainty.put(id, ItemFacts.uncertainty(vector, variance));
            }
            if (item && !embedding.getModalityWeights().isEmpty()) {
                weights.put(id, inOrder(embedding.getModalityWeights()));
            }
            return true;
        }

        private float[] inOrder(Map<String, Float> byName) {
            if (names.isEmpty()) {
                names = byName.keySet().stream().sorted().toList();
            }
            float[] values = new float[names.size()];
            for (int e = 0; e < values.length; e++) {
                values[e] = byName.getOrDefault(names.get(e), 0f);
            }
            return values;
        }

        private void addRow(String parameter, String id, float[] row) throws InvalidModelException {
            requireFinite(row, "a row of the parameter " + parameter);
            try {
                int number = Integer.parseInt(id);
                if (parameters
                                .computeIfAbsent(parameter, any -> new HashMap<>())
                                .put(number, row)
                        == null) {
                    return;
                }
            } catch (NumberFormatException e) {
                throw new InvalidModelException("row '" + id + "' of the parameter " + parameter + " is no number");
            }
            throw new InvalidModelException("row " + id + " of the parameter " + parameter + " comes twice");
        }

        private static void requireFinite(float[] values, String what) throws InvalidModelException {
            for (float value : values) {
                if (!Float.isFinite(value)) {
                    throw new InvalidModelException(what + " contains " + value);
                }
            }
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
            requireFinite(vector, describe(kind, id));
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
            NodeEncoder encoder = release.getExperts().isEmpty() ? null : encoder();
            ItemMatrix matrix = new ItemMatrix(items, release.getDimension());
            List<String> ids = matrix.ids();
            Items facts = new Items(
                    List.copyOf(names),
                    weights.isEmpty() ? null : ids.stream().map(weights::get).toArray(float[][]::new),
                    uncertainty.size() < ids.size()
                            ? null
                            : ids.stream().mapToDouble(uncertainty::get).toArray(),
                    encoder == null ? null : ids.stream().map(itemStates::get).toArray(float[][]::new));
            return new Model(release, Cut.of(release), matrix, facts, encoder, users, userStates);
        }

        private NodeEncoder encoder() throws InvalidModelException {
            Map<String, float[][]> whole = new HashMap<>();
            for (Map.Entry<String, Map<Integer, float[]>> parameter : parameters.entrySet()) {
                Map<Integer, float[]> rows = parameter.getValue();
                float[][] ordered =
                        IntStream.range(0, rows.size()).mapToObj(rows::get).toArray(float[][]::new);
                if (Arrays.asList(ordered).contains(null)) {
                    throw new InvalidModelException("rows of the parameter " + parameter.getKey() + " are missing");
                }
                whole.put(parameter.getKey(), ordered);
            }
            NodeEncoder encoder;
            try {
                encoder = new NodeEncoder(release.getExperts(), release.getConfiguration(), whole);
            } catch (IllegalArgumentException e) {
                throw new InvalidModelException(e.getMessage());
            }
            if (encoder.dimension() != release.getDimension()) {
                throw new InvalidModelException("its parameters make embeddings of dimension " + encoder.dimension()
                        + "; the release says " + release.getDimension());
            }
            requireStates(NodeKind.ITEM, items, itemStates, encoder.width());
            requireStates(NodeKind.USER, users, userStates, encoder.width());
            return encoder;
        }

        private static void requireStates(
                NodeKind kind, Map<String, float[]> nodes, Map<String, float[]> states, int width)
                throws InvalidModelException {
            for (String id : nodes.keySet()) {
                float[] state = states.get(id);
                if (state == null || state.length != width) {
                    throw new InvalidModelException(describe(kind, id) + " has a state of "
                            + (state == null ? 0 : state.length) + " values; the parameters say " + width);
                }
            }
        }

        private static String describe(NodeKind kind, String id) {
            return "the embedding of " + (kind == NodeKind.ITEM ? "item " : "user ") + id;
        }
    }
}

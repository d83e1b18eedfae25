package dev.freshet.trainer.loop;

import dev.freshet.graph.IdIndex;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.store.Safetensors.Matrix;
import dev.freshet.trainer.tensor.Parameter;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts a model from a saved one: rows of nodes by their ids, shared weights as they are. The row of a new node is the mean of its
 * neighbors' rows: by Jaccard similarity, else by features, else it stays as it was initialized. Nothing is added to a new item's
 * features: its own say more of it than those of its neighbors.
 */
final class WarmStart {

    private static final int NEIGHBORS = 10;

    private WarmStart() {}

    /**
     * Copies what fits.
     *
     * @return how many parameters were found; where the model's settings or the modalities have changed, the rest stays
     */
    static int apply(
            ModelStore.Saved saved, List<Parameter> parameters, IdIndex users, IdIndex items, TrainingData data) {
        int found = 0;
        for (Parameter parameter : parameters) {
            Matrix matrix = saved.parameters().get(parameter.name());
            if (matrix == null || matrix.columns() != parameter.value().columns()) {
                continue;
            }
            if (parameter.rows() == Parameter.Rows.SHARED) {
                if (matrix.rows() != parameter.value().rows()) {
                    continue;
                }
                parameter.value().set(matrix.values());
            } else {
                parameter.value().set(rows(saved, matrix, parameter, users, items, data));
            }
            found++;
        }
        return found;
    }

    /** The pairs that a model has seen after training, of those whose user and item are still there. */
    static Interactions seen(ModelStore.Saved before, Interactions train, IdIndex users, IdIndex items) {
        IntArrayList userOf = IntArrayList.wrap(train.userOfEach());
        IntArrayList itemOf = IntArrayList.wrap(train.itemOfEach());
        int[] userOfEach = before.seen().userOfEach();
        for (int pair = 0; pair < userOfEach.length; pair++) {
            int user = users.indexOf(before.users().id(userOfEach[pair]));
            int item = items.indexOf(before.items().id(before.seen().item(pair)));
            if (user >= 0 && item >= 0) {
                userOf.add(user);
                itemOf.add(item);
            }
        }
        return Interactions.of(userOf.toIntArray(), itemOf.toIntArray(), users.size(), items.size());
    }

    private static float[] rows(
            ModelStore.Saved saved,
            Matrix matrix,
            Parameter parameter,
            IdIndex users,
            IdIndex items,
            TrainingData data) {
        float[] values = parameter.value().toFloats();
        switch (parameter.rows()) {
            case NODES -> {
                users(saved, matrix, users, data, values);
                items(saved, saved.users().size(), matrix, items, users.size(), data, values);
            }
            case USERS -> users(saved, matrix, users, data, values);
            case ITEMS -> items(saved, 0, matrix, items, 0, data, values);
            case CORRECTIONS -> copy(saved.items(), 0, matrix, items, 0, values);
            case SHARED -> throw new IllegalArgumentException(parameter.name() + " has no rows of nodes");
        }
        return values;
    }

    private static void users(ModelStore.Saved saved, Matrix matrix, IdIndex users, TrainingData data, float[] values) {
        boolean[] known = copy(saved.users(), 0, matrix, users, 0, values);
        fill(values, 0, matrix.columns(), known, List.of(data.userJaccard(NEIGHBORS)));
    }

    private static void items(
            ModelStore.Saved saved,
            int fromOffset,
            Matrix matrix,
            IdIndex items,
            int toOffset,
            TrainingData data,
            float[] values) {
        boolean[] known = copy(saved.items(), fromOffset, matrix, items, toOffset, values);
        List<NeighborGraph> graphs = new ArrayList<>(List.of(data.itemJaccard(NEIGHBORS)));
        data.features().keySet().forEach(modality -> graphs.add(data.itemContent(modality, NEIGHBORS)));
        fill(values, toOffset, matrix.columns(), known, graphs);
    }

    private static boolean[] copy(
            IdIndex from, int fromOffset, Matrix matrix, IdIndex to, int toOffset, float[] values) {
        boolean[] known = new boolean[to.size()];
        int columns = matrix.columns();
        for (int node = 0; node < to.size(); node++) {
            int row = from.indexOf(to.id(node));
            if (row >= 0) {
                known[node] = true;
                System.arraycopy(
                        matrix.values(), (fromOffset + row) * columns, values, (toOffset + node) * columns, columns);
            }
        }
        return known;
    }

    private static void fill(float[] values, int offset, int columns, boolean[] known, List<NeighborGraph> graphs) {
        for (int node = 0; node < known.length; node++) {
            boolean done = known[node];
            for (int g = 0; g < graphs.size() && !done; g++) {
                NeighborGraph graph = graphs.get(g);
                float[] sum = new float[columns];
                int count = 0;
                for (int e = graph.offsets()[node]; e < graph.offsets()[node + 1]; e++) {
                    int neighbor = graph.neighbors()[e];
                    if (known[neighbor]) {
                        count++;
                        for (int c = 0; c < columns; c++) {
                            sum[c] += values[(offset + neighbor) * columns + c];
                        }
                    }
                }
                for (int c = 0; c < columns && count > 0; c++) {
                    values[(offset + node) * columns + c] = sum[c] / count;
                }
                done = count > 0;
            }
        }
    }
}

package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Table;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * VBPR (He and McAuley, AAAI 2016, Eq. 4) as MMRec has it: an item is its embedding beside a projection of its features, all
 * modalities concatenated; a user has an embedding for both. An item that has features but no interaction is scored by its features.
 *
 * <p>The preset {@code paper} has the regularization of the reference's grid that is best on Amazon Baby's validation set; with 1, all
 * representations shrink to nothing there.
 */
final class Vbpr implements Backbone {

    static final String NAME = "vbpr";

    /** How to make one. */
    static final ModelFactory FACTORY = new ModelFactory(
            NAME,
            Map.of(
                    ModelFactory.PAPER,
                    ModelFactory.protocol("regularization", "0.1", PairLoss.SETTING, PairLoss.BPR)
                            .plus(PairLoss.VIEWS)),
            (data, settings, backend, seed) -> {
                SplittableRandom random = new SplittableRandom(seed);
                return new PairModel(
                        data, settings, backend, new Vbpr(data, settings.whole("dimension", 1), backend, random));
            });

    private final Backend backend;
    private final int users;
    private final int dimension;
    private final Parameter userTable;
    private final Parameter itemTable;
    private final Parameter weight;
    private final Parameter bias;
    private final NDArray features;
    private final Table out;

    Vbpr(TrainingData data, int dimension, Backend backend, SplittableRandom random) {
        if (data.features().isEmpty()) {
            throw new IllegalArgumentException("vbpr needs features of the items, and the data has none");
        }
        this.backend = backend;
        this.users = data.users();
        this.dimension = dimension;
        float[] concatenated = concatenated(data);
        int inputs = concatenated.length / data.items();
        this.features = backend.manager().create(concatenated, new Shape(data.items(), inputs));
        float[] nodes = Initial.nodes(
                data.train(),
                2 * dimension,
                Initial.xavier(users, 2 * dimension, random),
                new float[data.items() * 2 * dimension]);
        this.userTable = Parameter.of(
                "users",
                Parameter.Rows.USERS,
                backend,
                users,
                2 * dimension,
                java.util.Arrays.copyOf(nodes, users * 2 * dimension));
        float[] items = Initial.nodes(
                data.train(), dimension, new float[users * dimension], Initial.xavier(data.items(), dimension, random));
        this.itemTable = Parameter.of(
                "items",
                Parameter.Rows.ITEMS,
                backend,
                data.items(),
                dimension,
                java.util.Arrays.copyOfRange(items, users * dimension, items.length));
        this.weight = Parameter.of(
                "projection.weight",
                Parameter.Rows.SHARED,
                backend,
                inputs,
                dimension,
                Initial.xavierNormal(inputs, dimension, random));
        this.bias = Parameter.of("projection.bias", Parameter.Rows.SHARED, backend, 1, dimension, new float[dimension]);
        this.out = backend.table(users + data.items(), 2 * dimension);
    }

    private static float[] concatenated(TrainingData data) {
        int inputs =
                data.features().values().stream().mapToInt(Features::dimension).sum();
        float[] all = new float[Math.multiplyExact(data.items(), inputs)];
        int from = 0;
        for (Features modality : data.features().values()) {
            float[] filled = modality.filled();
            for (int item = 0; item < data.items(); item++) {
                System.arraycopy(filled, item * modality.dimension(), all, item * inputs + from, modality.dimension());
            }
            from += modality.dimension();
        }
        return all;
    }

    @Override
    public List<Parameter> parameters() {
        return List.of(userTable, itemTable, weight, bias);
    }

    @Override
    public Table base() {
        return out;
    }

    @Override
    public Table out() {
        return out;
    }

    @Override
    public void forward() {
        try (NDManager step = backend.manager().newSubManager()) {
            step.tempAttachAll(features);
            NDArray projected = features.matMul(weight.value().tensor(step))
                    .add(bias.value().tensor(step));
            NDArray items = itemTable.value().tensor(step).concat(projected, 1);
            out.zero();
            out.add(userTable.value().tensor(step).concat(items, 0));
        }
    }

    @Override
    public void backward(Table baseGradient, Table outGradient) {
        try (NDManager step = backend.manager().newSubManager()) {
            step.tempAttachAll(features);
            NDArray gradient = outGradient.tensor(step);
            if (baseGradient != null) {
                gradient.addi(baseGradient.tensor(step));
            }
            userTable.gradient().add(gradient.get(new NDIndex(":{}", users)));
            NDArray items = gradient.get(new NDIndex("{}:", users));
            itemTable.gradient().add(items.get(new NDIndex(":, :{}", dimension)).duplicate());
            NDArray projected = items.get(new NDIndex(":, {}:", dimension)).duplicate();
            weight.gradient().add(features.transpose().matMul(projected));
            bias.gradient().add(projected.sum(new int[] {0}, true));
        }
    }

    @Override
    public void close() {
        parameters().forEach(Parameter::close);
        features.close();
        out.close();
    }
}

package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * BM3 (Zhou et al., WWW 2023): without negatives. What a predictor makes of a representation is drawn to a dropped-out copy of the
 * other side's representation, which gets no gradient (Eq. 6 and 7), and the projected features are drawn to the item's
 * representation (Eq. 8) and to their own dropped-out copies (Eq. 9). A score is the product of two predictions.
 *
 * <p>An item that was never trained on is scored by the predictions of its projected features.
 */
final class Bm3 implements Model {

    /** How to make one. */
    static final ModelFactory FACTORY = new NamedFactory("bm3", presets(), Bm3::new);

    private static Map<String, Settings> presets() {
        Settings paper = NamedFactory.protocol(
                "layers",
                "1",
                "dropout",
                "0.5",
                "regularization",
                "0.1",
                "content-weight",
                "2",
                "trained-features",
                "true");
        return Map.of(
                NamedFactory.PAPER,
                paper,
                "paper-sports",
                paper.with("regularization", "0.01"),
                "paper-clothing",
                paper.with("regularization", "0", "dropout", "0.3"),
                "paper-electronics",
                paper.with("layers", "2", "dropout", "0.3"));
    }

    private final TrainingData data;
    private final Backend backend;
    private final int users;
    private final int items;
    private final int dimension;
    private final double dropout;
    private final double regularization;
    private final double contentWeight;
    private final boolean trainedFeatures;
    private final SplittableRandom random;
    private final Parameter nodes;
    private final Map<String, Content> contents = new LinkedHashMap<>();
    private final Parameter predictorWeight;
    private final Parameter predictorBias;
    private final Propagation graph;
    private final LinearMap spread;
    private final Table out;
    private final Table outGradient;
    private final Table between;

    /** The features of a modality and their projection. */
    private record Content(Parameter features, Parameter weight, Parameter bias) {}

    private Bm3(TrainingData data, Settings settings, Backend backend, long seed) {
        this.random = new SplittableRandom(seed);
        this.data = data;
        this.backend = backend;
        this.users = data.users();
        this.items = data.items();
        this.dimension = settings.whole("dimension", 1);
        this.dropout = settings.number("dropout", 0, .99);
        this.regularization = settings.number("regularization");
        this.contentWeight = settings.number("content-weight");
        this.trainedFeatures = settings.flag("trained-features");
        this.nodes = Parameter.of(
                "nodes",
                Parameter.Rows.NODES,
                backend,
                users + items,
                dimension,
                Initial.nodes(data.train(), dimension, random));
        data.features().forEach((modality, features) -> contents.put(modality, content(modality, features)));
        this.predictorWeight =
                shared("predictor.weight", dimension, Initial.xavierNormal(dimension, dimension, random));
        this.predictorBias = shared("predictor.bias", 1, Initial.linear(1, dimension, dimension, random));
        this.graph = backend.propagation(GraphMatrices.userItem(data.train()));
        this.spread = new LinearMap.Beside(
                new LinearMap.MeanOfLayers(graph, settings.whole("layers", 1), backend, dimension),
                backend.propagation(GraphMatrices.sides(GraphMatrices.empty(users), GraphMatrices.identity(items))),
                1,
                backend,
                dimension);
        this.out = backend.table(users + items, dimension);
        this.outGradient = backend.table(users + items, dimension);
        this.between = backend.table(users + items, dimension);
    }

    private Content content(String modality, Features features) {
        int inputs = features.dimension();
        return new Content(
                Parameter.of(modality + ".features", Parameter.Rows.ITEMS, backend, items, inputs, features.filled()),
                shared(modality + ".weight", inputs, Initial.xavierNormal(inputs, dimension, random)),
                shared(modality + ".bias", 1, Initial.linear(1, dimension, inputs, random)));
    }

    private Parameter shared(String name, int rows, float[] values) {
        return Parameter.of(name, Parameter.Rows.SHARED, backend, rows, dimension, values);
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(nodes);
        contents.values().forEach(content -> {
            if (trainedFeatures) {
                all.add(content.features());
            }
            all.add(content.weight());
            all.add(content.bias());
        });
        all.add(predictorWeight);
        all.add(predictorBias);
        return all;
    }

    @Override
    public double step(Batch batch) {
        spread.forward(nodes.value(), out);
        Rows.Distinct us = Rows.Distinct.of(batch.users());
        Rows.Distinct is = Rows.Distinct.of(batch.positives());
        try (Leaves leaves = new Leaves(backend)) {
            NDManager step = leaves.manager();
            outGradient.zero();
            NDArray all = leaves.whole(out, outGradient);
            NDArray weight = leaves.whole(predictorWeight);
            NDArray bias = leaves.whole(predictorBias);
            List<NDArray[]> projections = new ArrayList<>();
            for (Content content : contents.values()) {
                projections.add(new NDArray[] {
                    trainedFeatures
                            ? leaves.rows(content.features(), is.values())
                            : content.features().value().gather(is.values(), step),
                    leaves.whole(content.weight()),
                    leaves.whole(content.bias())
                });
            }
            NDArray userOf = step.create(us.places());
            NDArray itemOf = step.create(is.places());
            double loss = leaves.backward(() -> {
                NDArray u = all.get(step.create(longs(us.values(), 0)));
                NDArray i = all.get(step.create(longs(is.values(), users)));
                NDArray userTarget = dropped(u).get(userOf);
                NDArray itemTarget = dropped(i).get(itemOf);
                NDArray sum = distance(predict(u, weight, bias).get(userOf), itemTarget)
                        .add(distance(predict(i, weight, bias).get(itemOf), userTarget));
                for (NDArray[] content : projections) {
                    NDArray projected = content[0].matMul(content[1]).add(content[2]);
                    NDArray predicted = predict(projected, weight, bias).get(itemOf);
                    NDArray own = dropped(projected).get(itemOf);
                    sum = sum.add(distance(predicted, itemTarget)
                            .add(distance(predicted, own))
                            .mul((float) contentWeight));
                }
                return sum.add(
                        Losses.embeddingNorms(all.get(new NDIndex(":{}", users)), all.get(new NDIndex("{}:", users)))
                                .mul((float) regularization));
            });
            if (Double.isFinite(loss)) {
                leaves.giveBack();
                spread.backward(outGradient, between);
                nodes.gradient().add(between);
            }
            return loss;
        }
    }

    private static long[] longs(int[] rows, int offset) {
        long[] moved = new long[rows.length];
        for (int r = 0; r < rows.length; r++) {
            moved[r] = rows[r] + offset;
        }
        return moved;
    }

    private static NDArray predict(NDArray rows, NDArray weight, NDArray bias) {
        return rows.matMul(weight).add(bias);
    }

    /** 1 − cosine, averaged over the rows. */
    static NDArray distance(NDArray a, NDArray b) {
        return Losses.dot(Losses.unit(a), Losses.unit(b)).mean().neg().add(1);
    }

    /** A target: no gradient, and each number set to 0 with the probability of dropout. */
    private NDArray dropped(NDArray rows) {
        NDArray fixed = rows.stopGradient();
        if (dropout == 0) {
            return fixed;
        }
        float[] mask = new float[(int) rows.size()];
        float kept = (float) (1 / (1 - dropout));
        for (int at = 0; at < mask.length; at++) {
            mask[at] = random.nextDouble() < dropout ? 0 : kept;
        }
        return fixed.mul(rows.getManager().create(mask, rows.getShape()));
    }

    @Override
    public Embeddings embed() {
        spread.forward(nodes.value(), out);
        try (NDManager call = backend.manager().newSubManager()) {
            NDArray weight = predictorWeight.value().tensor(call);
            NDArray bias = predictorBias.value().tensor(call);
            float[] all = predict(out.tensor(call), weight, bias).toFloatArray();
            int[] degrees = data.train().itemDegrees();
            int[] cold = java.util.stream.IntStream.range(0, items)
                    .filter(item -> degrees[item] == 0)
                    .toArray();
            if (cold.length > 0 && !contents.isEmpty()) {
                NDArray sum = call.zeros(new Shape(cold.length, dimension));
                for (Content content : contents.values()) {
                    NDArray projected = content.features()
                            .value()
                            .gather(cold, call)
                            .matMul(content.weight().value().tensor(call))
                            .add(content.bias().value().tensor(call));
                    sum = sum.add(predict(projected, weight, bias));
                }
                float[] predicted = sum.div(contents.size()).toFloatArray();
                for (int c = 0; c < cold.length; c++) {
                    System.arraycopy(predicted, c * dimension, all, (users + cold[c]) * dimension, dimension);
                }
            }
            return Embeddings.of(
                    dimension,
                    java.util.Arrays.copyOf(all, users * dimension),
                    java.util.Arrays.copyOfRange(all, users * dimension, all.length));
        }
    }

    @Override
    public void close() {
        nodes.close();
        contents.values().forEach(content -> {
            content.features().close();
            content.weight().close();
            content.bias().close();
        });
        predictorWeight.close();
        predictorBias.close();
        spread.close();
        graph.close();
        out.close();
        outGradient.close();
        between.close();
    }
}

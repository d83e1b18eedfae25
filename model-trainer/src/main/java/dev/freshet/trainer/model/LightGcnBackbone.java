package dev.freshet.trainer.model;

import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.List;
import java.util.SplittableRandom;

/** Embeddings averaged over L steps along the user–item graph (He et al., SIGIR 2020, Eq. 7 and 8). */
final class LightGcnBackbone implements Backbone {

    private final Parameter nodes;
    private final Propagation graph;
    private final LinearMap spread;
    private final Table out;
    private final Table between;

    LightGcnBackbone(TrainingData data, int dimension, int layers, Backend backend, SplittableRandom random) {
        int count = data.users() + data.items();
        this.nodes = Parameter.of(
                "nodes",
                Parameter.Rows.NODES,
                backend,
                count,
                dimension,
                Initial.nodes(data.train(), dimension, random));
        this.graph = backend.propagation(GraphMatrices.userItem(data.train()));
        this.spread = new LinearMap.MeanOfLayers(graph, layers, backend, dimension);
        this.out = backend.table(count, dimension);
        this.between = backend.table(count, dimension);
    }

    @Override
    public List<Parameter> parameters() {
        return List.of(nodes);
    }

    @Override
    public Table base() {
        return nodes.value();
    }

    @Override
    public Table out() {
        return out;
    }

    @Override
    public void forward() {
        spread.forward(nodes.value(), out);
    }

    @Override
    public void backward(Table baseGradient, Table outGradient) {
        spread.backward(outGradient, between);
        nodes.gradient().add(between);
        if (baseGradient != null) {
            nodes.gradient().add(baseGradient);
        }
    }

    @Override
    public void close() {
        nodes.close();
        spread.close();
        graph.close();
        out.close();
        between.close();
    }
}

package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Table;
import java.util.List;

/** A backbone trained by a loss of pairs and MMRec's EmbLoss on the rows of the batch. */
final class PairModel implements Model {

    private final Backend backend;
    private final int users;
    private final int items;
    private final double regularization;
    private final Backbone backbone;
    private final PairLoss pairs;
    private final Table baseGradient;
    private final Table outGradient;

    PairModel(TrainingData data, Settings settings, Backend backend, Backbone backbone) {
        this.backend = backend;
        this.users = data.users();
        this.items = data.items();
        this.regularization = settings.number("regularization");
        this.backbone = backbone;
        int columns = backbone.base().columns();
        this.pairs = PairLoss.of(data, settings, backend, columns);
        this.baseGradient = backend.table(users + items, columns);
        this.outGradient = backend.table(users + items, columns);
    }

    @Override
    public List<Parameter> parameters() {
        return backbone.parameters();
    }

    @Override
    public double step(Batch batch) {
        int[] positives = Rows.offset(batch.positives(), users);
        int[] negatives = Rows.offset(batch.negatives(), users);
        backbone.forward();
        pairs.forward(backbone.base());
        try (Leaves leaves = new Leaves(backend)) {
            outGradient.zero();
            NDArray u = leaves.rows(backbone.out(), outGradient, batch.users());
            NDArray p = leaves.rows(backbone.out(), outGradient, positives);
            NDArray n = leaves.rows(backbone.out(), outGradient, negatives);
            double loss = leaves.backward(() -> pairs.loss(batch, u, Losses.dot(u, p), Losses.dot(u, n))
                    .add(Losses.embeddingNorms(u, p, n).mul((float) regularization)));
            if (Double.isFinite(loss)) {
                leaves.giveBack();
                backbone.backward(baseGradient, outGradient);
            }
            return loss;
        }
    }

    @Override
    public Embeddings embed() {
        backbone.forward();
        return Embeddings.ofNodes(backbone.out(), users);
    }

    @Override
    public void close() {
        backbone.close();
        pairs.close();
        baseGradient.close();
        outGradient.close();
    }
}

package dev.freshet.trainer.model;

import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Table;
import java.util.List;

/** A backbone trained by a loss of pairs and MMRec's EmbLoss on the rows of the batch. */
final class PairModel implements Model {

    private final int users;
    private final double regularization;
    private final Backbone backbone;
    private final PairLoss pairs;
    private final Table outGradient;

    PairModel(TrainingData data, Settings settings, Backend backend, Backbone backbone) {
        this.users = data.users();
        this.regularization = settings.number("regularization");
        this.backbone = backbone;
        int columns = backbone.base().columns();
        this.pairs = PairLoss.of(data, settings, backend, columns);
        this.outGradient = backend.table(users + data.items(), columns);
    }

    @Override
    public List<Parameter> parameters() {
        return backbone.parameters();
    }

    @Override
    public double step(Batch batch) {
        backbone.forward();
        pairs.forward(backbone.base());
        outGradient.zero();
        double loss = pairs.step(batch, PairLoss.Term.of(backbone.out(), outGradient));
        if (Double.isFinite(loss)) {
            loss += Losses.embeddingNorms(regularization, backbone.out(), outGradient, batch, users);
            backbone.backward(null, outGradient);
        }
        return loss;
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
        outGradient.close();
    }
}

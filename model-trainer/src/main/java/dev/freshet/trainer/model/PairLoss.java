package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Table;

/**
 * The loss of triples that every model can be trained by, by its setting {@code loss}: {@code bpr}, or DA-MRS's
 * {@code denoised-bpr}, which weighs the triples by the views that item graphs give of their items.
 */
final class PairLoss implements AutoCloseable {

    static final String SETTING = "loss";
    static final String BPR = "bpr";
    static final String DENOISED = "denoised-bpr";

    /** Settings of the views. */
    static final Settings VIEWS = Settings.of(
            "neighbors", "10",
            "item-graphs", "denoised",
            "behavior-graph", "true",
            "cooccurrence-min", "2",
            "cooccurrence-top-k", "2");

    private final ItemViews views;
    private final boolean shared;
    private final int users;

    private PairLoss(ItemViews views, boolean shared, int users) {
        this.views = views;
        this.shared = shared;
        this.users = users;
    }

    /**
     * The loss that the settings name.
     *
     * @param columns length of a representation
     */
    static PairLoss of(TrainingData data, Settings settings, Backend backend, int columns) {
        boolean denoised = settings.oneOf(SETTING, BPR, DENOISED).equals(DENOISED);
        return new PairLoss(
                denoised ? needed(ItemViews.of(data, settings, backend, columns)) : null, false, data.users());
    }

    /**
     * The loss that the settings name, with views that the model has for itself.
     *
     * @param views views that the caller computes and closes
     */
    static PairLoss of(Settings settings, ItemViews views, int users) {
        boolean denoised = settings.oneOf(SETTING, BPR, DENOISED).equals(DENOISED);
        return new PairLoss(denoised ? needed(views) : null, true, users);
    }

    private static ItemViews needed(ItemViews views) {
        if (views.tables().isEmpty()) {
            throw new IllegalArgumentException("setting " + SETTING + " is " + DENOISED
                    + ", which needs an item graph: set item-graphs or behavior-graph");
        }
        return views;
    }

    /** Computes the views of all items from what the graphs spread; to be called before the losses of a step. */
    void forward(Table nodes) {
        if (views != null && !shared) {
            views.forward(nodes);
        }
    }

    /**
     * The loss of a batch.
     *
     * @param userRows representation of the user of each triple; its gradient does not go through the weights
     * @param positives scores of the users' items
     * @param negatives scores of the random items
     */
    NDArray loss(Batch batch, NDArray userRows, NDArray positives, NDArray negatives) {
        if (views == null) {
            return Losses.bpr(positives, negatives);
        }
        NDArray wanted = products(userRows, Rows.offset(batch.positives(), users));
        NDArray random = products(userRows, Rows.offset(batch.negatives(), users));
        return Denoising.denoisedBpr(positives.sub(negatives), Denoising.denoising(wanted, random));
    }

    /** u · h / ‖h‖ for each view, [views × batch]. */
    private NDArray products(NDArray userRows, int[] items) {
        NDArray fixed = userRows.stopGradient();
        NDList products = new NDList();
        for (Table view : views.tables()) {
            products.add(Losses.dot(fixed, Losses.unit(view.gather(items, userRows.getManager()))));
        }
        return NDArrays.stack(products);
    }

    @Override
    public void close() {
        if (views != null && !shared) {
            views.close();
        }
    }
}

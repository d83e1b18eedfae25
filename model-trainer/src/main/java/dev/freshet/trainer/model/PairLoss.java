package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
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

    private static final String ALPHA = "denoise-alpha";
    private static final String BETA = "denoise-beta";
    private static final String GAMMA = "denoise-gamma";

    /** Settings of the views and of the weights that are made of them: those of DA-MRS's authors on Amazon Baby. */
    static final Settings VIEWS = Settings.of(
            "neighbors",
            "10",
            "item-graphs",
            "denoised",
            "behavior-graph",
            "true",
            "cooccurrence-min",
            "2",
            "cooccurrence-top-k",
            "2",
            ALPHA,
            "1.5",
            BETA,
            "1.5",
            GAMMA,
            "1");

    private final ItemViews views;
    private final Denoising.Exponents exponents;
    private final boolean shared;
    private final int users;

    private PairLoss(Settings settings, ItemViews views, boolean shared, int users) {
        this.views = views;
        this.exponents = new Denoising.Exponents(settings.number(ALPHA), settings.number(BETA), settings.number(GAMMA));
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
                settings,
                denoised ? needed(ItemViews.of(data, settings, backend, columns)) : null,
                false,
                data.users());
    }

    /**
     * The loss that the settings name, with views that the model has for itself.
     *
     * @param views views that the caller computes and closes
     */
    static PairLoss of(Settings settings, ItemViews views, int users) {
        boolean denoised = settings.oneOf(SETTING, BPR, DENOISED).equals(DENOISED);
        return new PairLoss(settings, denoised ? needed(views) : null, true, users);
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
        float[][] wanted = products(userRows, Rows.offset(batch.positives(), users));
        float[][] random = products(userRows, Rows.offset(batch.negatives(), users));
        return Denoising.denoisedBpr(positives.sub(negatives), Denoising.weights(wanted, random, exponents));
    }

    /**
     * The loss of a batch in closed form, and its gradients: the score of a pair is the sum over the terms of the product of the
     * user's row of one table and the item's row of another. Where there are views, users are those of the first term.
     */
    double step(Batch batch, Term... terms) {
        int size = batch.size();
        int[] positives = Rows.offset(batch.positives(), users);
        int[] negatives = Rows.offset(batch.negatives(), users);
        double[] gaps = new double[size];
        for (Term term : terms) {
            float[] wanted = term.users.values.dots(batch.users(), term.items.values, positives);
            float[] random = term.users.values.dots(batch.users(), term.items.values, negatives);
            for (int b = 0; b < size; b++) {
                gaps[b] += wanted[b] - random[b];
            }
        }
        Denoising.Weights weights = views == null
                ? null
                : Denoising.weights(
                        products(terms[0].users.values, batch.users(), positives),
                        products(terms[0].users.values, batch.users(), negatives),
                        exponents);
        double loss = 0;
        float[] up = new float[size];
        float[] down = new float[size];
        for (int b = 0; b < size; b++) {
            double wanted = weights == null ? 1 : weights.positive()[b];
            double doubted = weights == null ? 0 : weights.negative()[b];
            // The derivative of softplus is σ.
            loss += wanted * softPlus(-gaps[b]) + doubted * softPlus(gaps[b]);
            up[b] = (float) ((doubted * sigmoid(gaps[b]) - wanted * sigmoid(-gaps[b])) / size);
            down[b] = -up[b];
        }
        if (Double.isFinite(loss)) {
            for (Term term : terms) {
                term.users.gradient.addRows(batch.users(), term.items.values, positives, up);
                term.users.gradient.addRows(batch.users(), term.items.values, negatives, down);
                term.items.gradient.addRows(positives, term.users.values, batch.users(), up);
                term.items.gradient.addRows(negatives, term.users.values, batch.users(), down);
            }
        }
        return loss / size;
    }

    /**
     * Representations and where their gradient goes.
     *
     * @param values one row per user, then one per item
     * @param gradient of the same shape
     */
    record Side(Table values, Table gradient) {}

    /** Products of users and items; of one table with itself, most often. */
    record Term(Side users, Side items) {
        static Term of(Table values, Table gradient) {
            Side both = new Side(values, gradient);
            return new Term(both, both);
        }
    }

    private static double softPlus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** u · h / ‖h‖ for each view, [views][batch]. */
    private float[][] products(Table representations, int[] userRows, int[] itemRows) {
        float[][] products = new float[views.tables().size()][];
        for (int view = 0; view < products.length; view++) {
            Table table = views.tables().get(view);
            products[view] = representations.dots(userRows, table, itemRows);
            float[] squares = table.dots(itemRows, table, itemRows);
            for (int b = 0; b < squares.length; b++) {
                products[view][b] /= (float) Math.sqrt(squares[b] + 1e-12);
            }
        }
        return products;
    }

    private float[][] products(NDArray userRows, int[] items) {
        NDArray fixed = userRows.stopGradient();
        return views.tables().stream()
                .map(view -> Losses.dot(fixed, Losses.unit(view.gather(items, userRows.getManager())))
                        .toFloatArray())
                .toArray(float[][]::new);
    }

    @Override
    public void close() {
        if (views != null && !shared) {
            views.close();
        }
    }
}

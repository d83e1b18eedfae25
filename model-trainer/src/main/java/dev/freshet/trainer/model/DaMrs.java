package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.RowProducts;
import dev.freshet.trainer.tensor.Table;
import dev.freshet.trainer.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * DA-MRS (Xu et al., KDD 2024) on a backbone: an item is what the backbone makes of it plus the mean of what the item graphs make
 * of the embeddings, h = G E; trained by denoised BPR, the alignment of user interest (AU) and the graded alignment of items (AI),
 * each of which can be left out. Features shape the graphs alone.
 *
 * <p>An item that was never trained on is scored by h, the embeddings of the items that are like it; a user who was not scores 0.
 */
final class DaMrs implements Model {

    /** Numbers in a part of a large loss: bounds the memory of what autograd keeps. */
    private static final int PART = 1 << 22;

    /** τ of AI. */
    private static final double TEMPERATURE = .2;

    /** How to make one. */
    static final ModelFactory FACTORY = new ModelFactory("da-mrs", presets(), DaMrs::new);

    private static Map<String, Settings> presets() {
        Settings paper = ModelFactory.protocol(
                        "backbone",
                        "lightgcn",
                        "layers",
                        "2",
                        "regularization",
                        "0",
                        "au-weight",
                        "1",
                        "au-users",
                        "0",
                        "ai-weight",
                        "0.001",
                        "ai-positives",
                        "both",
                        "ai-anchors",
                        "0",
                        PairLoss.SETTING,
                        PairLoss.DENOISED)
                .plus(PairLoss.VIEWS)
                .with(Settings.BATCH, "4096", Settings.EPOCHS, "500", Settings.PATIENCE, "25");
        return Map.of(
                ModelFactory.PAPER,
                paper,
                "paper-sports",
                paper.with(Settings.PATIENCE, "20", "denoise-alpha", "3", "denoise-beta", "3"),
                "paper-tiktok",
                // The exponents are those that the loss of the authors' log begins with.
                paper.with("layers", "3", "neighbors", "5", "denoise-alpha", "1", "denoise-beta", "2"),
                "paper-mf",
                paper.with("backbone", MfBpr.NAME, "regularization", "0.1"),
                "paper-vbpr",
                paper.with("backbone", Vbpr.NAME, "regularization", "0.1"));
    }

    private final Backend backend;
    private final int users;
    private final int[] itemRows;
    private final double regularization;
    private final double auWeight;
    private final int auUsers;
    private final double aiWeight;
    private final Denoising.Positives positives;
    private final int anchors;
    private final int neighbors;
    private SplittableRandom random;
    private final Backbone backbone;
    private final ItemViews views;
    private final PairLoss pairs;
    private final Table content;
    private final Table contentGradient;
    private final Table outGradient;
    private final List<Table> viewGradients = new ArrayList<>();
    private final Table[] baseGradients;

    private DaMrs(TrainingData data, Settings settings, Backend backend, long seed) {
        this.backend = backend;
        this.random = new SplittableRandom(seed);
        this.users = data.users();
        int count = users + data.items();
        this.itemRows = IntStream.range(users, count).toArray();
        this.regularization = settings.number("regularization");
        this.auWeight = settings.number("au-weight");
        this.auUsers = settings.whole("au-users", 0);
        this.aiWeight = settings.number("ai-weight");
        this.positives = Denoising.Positives.valueOf(
                settings.oneOf("ai-positives", "both", "multi", "single").toUpperCase(Locale.ROOT));
        this.anchors = settings.whole("ai-anchors", 0);
        this.neighbors = Math.min(settings.whole("neighbors", 1), data.items());
        this.backbone = Backbone.of(
                settings.oneOf("backbone", "lightgcn", MfBpr.NAME, Vbpr.NAME),
                settings.whole("layers", 1),
                settings.whole("dimension", 1),
                data,
                backend,
                random);
        int columns = backbone.base().columns();
        this.views = ItemViews.of(data, settings, backend, columns);
        this.pairs = PairLoss.of(settings, views, users);
        this.content = backend.table(count, columns);
        this.contentGradient = backend.table(count, columns);
        this.outGradient = backend.table(count, columns);
        views.tables().forEach(view -> viewGradients.add(backend.table(count, columns)));
        this.baseGradients = new Table[] {backend.table(count, columns), backend.table(count, columns)};
    }

    @Override
    public List<Parameter> parameters() {
        return backbone.parameters();
    }

    @Override
    public void startEpoch(SplittableRandom random) {
        this.random = random.split();
    }

    @Override
    public double step(Batch batch) {
        forward();
        outGradient.zero();
        contentGradient.zero();
        viewGradients.forEach(Table::zero);
        double loss = pairLoss(batch);
        if (auWeight > 0 && views.mean() != null) {
            loss += auWeight * alignUsers(batch);
        }
        if (aiWeight > 0 && views.mean() != null) {
            loss += aiWeight * alignItems(batch);
        }
        if (Double.isFinite(loss)) {
            backbone.backward(baseGradient(), outGradient);
        }
        return loss;
    }

    private void forward() {
        backbone.forward();
        views.forward(backbone.base());
        if (views.mean() != null) {
            views.mean().apply(backbone.base(), content);
        }
    }

    private double pairLoss(Batch batch) {
        PairLoss.Side out = new PairLoss.Side(backbone.out(), outGradient);
        PairLoss.Side contents = new PairLoss.Side(content, contentGradient);
        return pairs.step(batch, new PairLoss.Term(out, out), new PairLoss.Term(out, contents))
                + Losses.embeddingNorms(regularization, backbone.out(), outGradient, batch, users);
    }

    /** AU: what the backbone and the content say of each pair of the batch's users and items are to agree; all users, or some. */
    private double alignUsers(Batch batch) {
        int[] distinctUsers = drawn(Rows.Distinct.of(batch.users()).values(), auUsers);
        int[] distinctItems = Rows.offset(
                Rows.Distinct.of(batch.positives(), batch.negatives()).values(), users);
        double pairCount = (double) distinctUsers.length * distinctItems.length;
        try (Leaves leaves = new Leaves(backend)) {
            NDArray u = leaves.rows(backbone.out(), outGradient, distinctUsers);
            NDArray items = leaves.rows(backbone.out(), outGradient, distinctItems);
            NDArray contents = leaves.rows(content, contentGradient, distinctItems);
            double weight = auWeight / pairCount;
            double sum = backend.workers()
                    .map(workers -> leaves.backward(() -> RowProducts.term(
                            List.of(u, u),
                            List.of(Denoising.directions(items), Denoising.directions(contents)),
                            () -> new UserAlignment(distinctItems.length, weight),
                            workers,
                            leaves.manager())))
                    .orElseGet(() -> alignUsers(leaves, u, items, contents, weight));
            leaves.giveBack();
            return sum / auWeight;
        }
    }

    private static double alignUsers(Leaves leaves, NDArray u, NDArray items, NDArray contents, double weight) {
        int count = (int) u.getShape().get(0);
        int rows = Math.max(1, PART / (int) items.getShape().get(0));
        double sum = 0;
        for (int from = 0; from < count; from += rows) {
            NDIndex part = new NDIndex("{}:{}", from, Math.min(from + rows, count));
            sum += leaves.backwardPart(() -> {
                NDArray some = u.get(part);
                return Autograd.times(
                        Denoising.bernoulliKl(
                                some.matMul(Denoising.directions(items).transpose()),
                                some.matMul(Denoising.directions(contents).transpose())),
                        weight);
            });
        }
        return sum;
    }

    /** AI, for all items of the batch, or some of them drawn at random. */
    private double alignItems(Batch batch) {
        int[] items =
                drawn(Rows.Distinct.of(batch.positives(), batch.negatives()).values(), anchors);
        try (Leaves leaves = new Leaves(backend)) {
            List<NDArray> rows = new ArrayList<>();
            for (int view = 0; view < viewGradients.size(); view++) {
                rows.add(leaves.rows(views.tables().get(view), viewGradients.get(view), itemRows));
            }
            double sum = backend.workers()
                    .map(workers -> alignItemsByRows(leaves, rows, items, workers))
                    .orElseGet(() -> alignItemsByParts(leaves, rows, items));
            leaves.giveBack();
            return sum / aiWeight;
        }
    }

    /** Some of the rows, drawn at random; all if {@code count} is 0 or there are no more. */
    private int[] drawn(int[] rows, int count) {
        if (count == 0 || count >= rows.length) {
            return rows;
        }
        for (int at = 0; at < count; at++) {
            int other = at + random.nextInt(rows.length - at);
            int swap = rows[at];
            rows[at] = rows[other];
            rows[other] = swap;
        }
        return Arrays.copyOf(rows, count);
    }

    private double alignItemsByRows(Leaves leaves, List<NDArray> rows, int[] items, Workers workers) {
        NDArray some =
                leaves.manager().create(Arrays.stream(items).asLongStream().toArray());
        return leaves.backward(() -> {
            List<NDArray> units = rows.stream().map(Denoising::directions).toList();
            return RowProducts.term(
                    units.stream().map(unit -> unit.get(some)).toList(),
                    units,
                    () -> new ItemAlignment(
                            rows.size(), itemRows.length, neighbors, TEMPERATURE, positives, aiWeight / items.length),
                    workers,
                    leaves.manager());
        });
    }

    private double alignItemsByParts(Leaves leaves, List<NDArray> rows, int[] items) {
        int part = Math.max(1, PART / itemRows.length);
        double sum = 0;
        for (int from = 0; from < items.length; from += part) {
            long[] some = Arrays.stream(items, from, Math.min(from + part, items.length))
                    .asLongStream()
                    .toArray();
            sum += leaves.backwardPart(() -> Autograd.times(
                    Denoising.alignment(rows, leaves.manager().create(some), neighbors, TEMPERATURE, positives),
                    aiWeight / items.length));
        }
        return sum;
    }

    /** What the item graphs carry back to the base: Ḡᵀ of the mean's gradient plus Gᵀ of each view's. */
    private Table baseGradient() {
        Table last = baseGradients[0];
        if (views.mean() == null) {
            return last;
        }
        views.mean().applyTransposed(contentGradient, last);
        if (aiWeight > 0) {
            for (int view = 0; view < viewGradients.size(); view++) {
                Table next = baseGradients[(view + 1) % 2];
                views.graphs().get(view).applyTransposed(viewGradients.get(view), last, 1, next);
                last = next;
            }
        }
        return last;
    }

    @Override
    public Embeddings embed() {
        forward();
        // The gradient's table is free between steps.
        outGradient.zero();
        outGradient.add(backbone.out());
        outGradient.add(content);
        return Embeddings.ofNodes(outGradient, users);
    }

    @Override
    public void close() {
        backbone.close();
        views.close();
        pairs.close();
        content.close();
        contentGradient.close();
        outGradient.close();
        viewGradients.forEach(Table::close);
        baseGradients[0].close();
        baseGradients[1].close();
    }
}

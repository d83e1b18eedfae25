package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.norm.Dropout;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * MCDRec's multimodal-conditioned representation diffusion (MRD, Sec. 3.4): estimates the embedding x₀ of each item from a noised one
 * and the item's projected modalities, and fuses it with them into the representation that goes into the user–item graph.
 */
final class ItemDiffusion implements AutoCloseable {

    /** Rows that go through the U-Net at once: what is computed on the way fits the caches of a CPU. */
    private static final int CHUNK = 1024;

    private final Backend backend;
    private final int dimension;
    private final int side;
    private final int modalities;
    private final double weight;
    private final double dropout;
    private final Diffusion diffusion;
    private final UNet estimator;
    private final List<Parameter> fusion = new ArrayList<>();

    /**
     * @param modalities number of modalities, at least 1
     * @param diffused whether there is an estimate; else x₀ itself is fused with the modalities
     */
    ItemDiffusion(Settings settings, int modalities, boolean diffused, Backend backend, SplittableRandom random) {
        this.backend = backend;
        this.dimension = settings.whole("dimension", 1);
        this.side = (int) Math.round(Math.sqrt(dimension));
        this.modalities = modalities;
        this.weight = settings.number("diffusion-weight", 0, 1);
        this.dropout = settings.number("estimator-dropout", 0, .99);
        this.diffusion = new Diffusion(settings.whole("diffusion-steps", 1));
        if (side * side != dimension) {
            throw new IllegalArgumentException("setting dimension is " + dimension
                    + "; it must be a square number such as 16 or 64: the U-Net takes an embedding as a square");
        }
        int inputs = (1 + modalities) * dimension;
        int[] sizes = {inputs, 2 * dimension, dimension, dimension};
        for (int layer = 0; layer < sizes.length - 1; layer++) {
            int from = sizes[layer];
            int to = sizes[layer + 1];
            fusion.add(shared("weight", layer, from, to, Initial.xavierNormal(from, to, random)));
            fusion.add(shared("bias", layer, 1, to, Initial.linear(1, to, from, random)));
        }
        this.estimator = diffused ? new UNet(1 + modalities, side, dropout, backend, random) : null;
    }

    private Parameter shared(String kind, int layer, int rows, int columns, float[] values) {
        return Parameter.of("fusion." + layer + '.' + kind, Parameter.Rows.SHARED, backend, rows, columns, values);
    }

    /** Everything that is trained, in a fixed order. */
    List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>(fusion);
        if (estimator != null) {
            all.addAll(estimator.parameters());
        }
        return all;
    }

    /**
     * The items of a step of training.
     *
     * @param items their representations, [items × dimension]
     * @param loss L_dm, or null where nothing is diffused
     */
    record Trained(NDArray items, NDArray loss) {}

    /**
     * Items with one estimate each, at a step of the diffusion that is drawn (Eq. 5), and how far the estimates are off (Eq. 9).
     *
     * @param embeddings x₀, [items × dimension]
     * @param conditions the projected modalities, [items × dimension] each
     * @param some the items to estimate, without repetition, or null for all: x₀ itself stands for the estimate of the others
     */
    Trained train(NDArray embeddings, List<NDArray> conditions, int[] some, Leaves leaves, SplittableRandom random) {
        if (estimator == null) {
            return new Trained(fuse(embeddings, conditions, leaves::whole, true), null);
        }
        NDManager manager = leaves.manager();
        NDArray estimated = embeddings;
        List<NDArray> told = conditions;
        if (some != null) {
            NDArray index = manager.create(Rows.longs(some, 0));
            estimated = embeddings.get(index);
            told = conditions.stream().map(condition -> condition.get(index)).toList();
        }
        NDArray estimate = estimate(estimated, told, leaves, random);
        NDArray loss = estimate.sub(estimated).square().mean();
        if (some != null) {
            int items = (int) embeddings.getShape().get(0);
            long[] places = LongStream.range(0, items).toArray();
            for (int at = 0; at < some.length; at++) {
                places[some[at]] = items + at;
            }
            estimate = embeddings.concat(estimate, 0).get(manager.create(places));
        }
        return new Trained(fuse(mixed(embeddings, estimate), conditions, leaves::whole, true), loss);
    }

    /** One estimate of each row, at a step that is drawn. */
    private NDArray estimate(NDArray embeddings, List<NDArray> conditions, Leaves leaves, SplittableRandom random) {
        int items = (int) embeddings.getShape().get(0);
        int[] steps = diffusion.antithetic(items, random);
        float[] signal = new float[items];
        float[] noise = new float[items * dimension];
        for (int item = 0; item < items; item++) {
            signal[item] = (float) diffusion.signal(steps[item]);
            double deviation = diffusion.noise(steps[item]);
            for (int d = item * dimension; d < (item + 1) * dimension; d++) {
                noise[d] = (float) (deviation * random.nextGaussian());
            }
        }
        NDManager manager = leaves.manager();
        NDArray noised = embeddings
                .mul(manager.create(signal, new Shape(items, 1)))
                .add(manager.create(noise, new Shape(items, dimension)));
        UNet.Pass pass = estimator.new Pass(leaves::whole, true);
        NDList parts = new NDList();
        for (int from = 0; from < items; from += CHUNK) {
            int[] own = Arrays.copyOfRange(steps, from, Math.min(items, from + CHUNK));
            parts.add(estimate(pass, rows(noised, from), conditions, from, own));
        }
        return below(parts);
    }

    /** Items without dropout, and with the whole chain of estimates; same arguments as {@link #train}. */
    NDArray items(NDArray embeddings, List<NDArray> conditions, NDManager manager) {
        NDArray estimate = estimator == null ? embeddings : sampled(embeddings, conditions, manager);
        Function<Parameter, NDArray> tensors = parameter -> parameter.value().tensor(manager);
        return fuse(estimator == null ? embeddings : mixed(embeddings, estimate), conditions, tensors, false);
    }

    /**
     * Eq. 6: x₀ as it is estimated step by step from the noised one. Noise is left out, so that the same parameters give the same.
     *
     * @param embeddings x₀, [items × dimension]
     * @param conditions the projected modalities, [items × dimension] each
     */
    NDArray sampled(NDArray embeddings, List<NDArray> conditions, NDManager manager) {
        int items = (int) embeddings.getShape().get(0);
        int last = diffusion.steps() - 1;
        NDList parts = new NDList();
        for (int from = 0; from < items; from += CHUNK) {
            NDArray x = Autograd.times(rows(embeddings, from), diffusion.signal(last));
            int[] steps = new int[(int) x.getShape().get(0)];
            for (int n = last; n >= 0; n--) {
                Arrays.fill(steps, n);
                try (NDManager call = manager.newSubManager()) {
                    call.tempAttachAll(x);
                    // With weights of the call: what is made of them lives where they do.
                    UNet.Pass pass =
                            estimator.new Pass(parameter -> parameter.value().tensor(call), false);
                    NDArray estimate = estimate(pass, x, conditions, from, steps);
                    NDArray before = Autograd.times(estimate, diffusion.estimateWeight(n))
                            .add(Autograd.times(x, diffusion.currentWeight(n)));
                    before.attach(manager);
                    x = before;
                }
            }
            parts.add(x);
        }
        return below(parts);
    }

    /** DJL's concatenation of one part has no gradient. */
    private static NDArray below(NDList parts) {
        return parts.size() == 1 ? parts.head() : NDArrays.concat(parts);
    }

    private static NDArray rows(NDArray all, int from) {
        return all.get(new NDIndex("{}:{}", from, Math.min(all.getShape().get(0), from + CHUNK)));
    }

    /** f_θ(xₙ, n, h^m…): x̂₀ of some rows, [rows × dimension]. */
    private NDArray estimate(UNet.Pass pass, NDArray x, List<NDArray> conditions, int from, int[] steps) {
        int rows = steps.length;
        NDManager manager = x.getManager();
        NDList channels = new NDList(x.reshape(rows, 1, side, side));
        for (NDArray condition : conditions) {
            NDArray own = rows(condition, from);
            own.attach(manager);
            channels.add(own.reshape(rows, 1, side, side));
        }
        NDArray time = manager.create(Diffusion.embedding(steps, UNet.TIME), new Shape(rows, UNet.TIME));
        return pass.apply(NDArrays.concat(channels, 1), time)
                .get(new NDIndex(":, 0"))
                .reshape(rows, dimension);
    }

    private NDArray mixed(NDArray embeddings, NDArray estimate) {
        return Autograd.times(estimate, weight).add(Autograd.times(embeddings, 1 - weight));
    }

    /** MLP(x | h^m…): what goes into the graph. */
    private NDArray fuse(NDArray x, List<NDArray> conditions, Function<Parameter, NDArray> tensors, boolean training) {
        List<NDArray> parts = new ArrayList<>(List.of(x));
        parts.addAll(conditions);
        NDArray h = Losses.beside(parts);
        for (int layer = 0; layer < fusion.size(); layer += 2) {
            h = Projection.apply(h, tensors.apply(fusion.get(layer)), tensors.apply(fusion.get(layer + 1)));
            if (layer < fusion.size() - 2) {
                h = Activation.relu(h);
                h = training && dropout > 0
                        ? Dropout.dropout(h, (float) dropout, true).singletonOrThrow()
                        : h;
            }
        }
        return h;
    }

    @Override
    public void close() {
        parameters().forEach(Parameter::close);
    }
}

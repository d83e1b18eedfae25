package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.LayerNorm;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * MCDRec's conditional estimator (Sec. 3.4.3): a U-Net over images whose channels are the item's noised embedding and its projected
 * modalities, each folded to a square, which is told the step of the diffusion. Four levels of 8, 16, 16 and 16 channels, fewer where
 * the square cannot be halved so often; two residual blocks per level on the way down, three on the way up.
 */
final class UNet implements AutoCloseable {

    /** Length of the embedding of a step. */
    static final int TIME = 8;

    private static final int CHANNELS = 8;
    private static final int[] MULTIPLIERS = {1, 2, 2, 2};
    private static final int BLOCKS = 2;
    private static final int TIME_HIDDEN = 4 * TIME;
    private static final int GROUPS = 8;
    private static final float EPSILON = 1e-6f;

    private final Backend backend;
    private final double dropout;
    private final SplittableRandom random;
    private final List<Parameter> parameters = new ArrayList<>();
    private final Map<Parameter, Shape> shapes = new IdentityHashMap<>();
    private final Linear timeIn;
    private final Linear timeOut;
    private final Convolution in;
    private final List<Level> down = new ArrayList<>();
    private final Residual middleIn;
    private final Attention middle;
    private final Residual middleOut;
    private final List<Level> up = new ArrayList<>();
    private final Norm outNorm;
    private final Convolution out;

    /** Residual blocks at one resolution, and the step to the next one, or null at the last. */
    private record Level(List<Residual> blocks, Convolution step) {}

    /**
     * @param channels channels of an image, in and out
     * @param side rows and columns of an image
     * @param dropout share of numbers that training drops in each residual block
     */
    UNet(int channels, int side, double dropout, Backend backend, SplittableRandom random) {
        this.backend = backend;
        this.dropout = dropout;
        this.random = random;
        int levels = Math.min(MULTIPLIERS.length, 1 + Integer.numberOfTrailingZeros(side));
        timeIn = new Linear("time.0", TIME, TIME_HIDDEN);
        timeOut = new Linear("time.1", TIME_HIDDEN, TIME_HIDDEN);
        in = new Convolution("in", channels, CHANNELS, 3);
        Deque<Integer> skips = new ArrayDeque<>(List.of(CHANNELS));
        int width = CHANNELS;
        for (int level = 0; level < levels; level++) {
            List<Residual> blocks = new ArrayList<>();
            for (int block = 0; block < BLOCKS; block++) {
                blocks.add(new Residual("down." + level + '.' + block, width, width(level)));
                width = width(level);
                skips.push(width);
            }
            boolean last = level == levels - 1;
            down.add(new Level(blocks, last ? null : new Convolution("down." + level + ".step", width, width, 3)));
            if (!last) {
                skips.push(width);
            }
        }
        middleIn = new Residual("middle.in", width, width);
        middle = new Attention("middle.attention", width);
        middleOut = new Residual("middle.out", width, width);
        for (int level = levels - 1; level >= 0; level--) {
            List<Residual> blocks = new ArrayList<>();
            for (int block = 0; block <= BLOCKS; block++) {
                blocks.add(new Residual("up." + level + '.' + block, width + skips.pop(), width(level)));
                width = width(level);
            }
            up.add(new Level(blocks, level == 0 ? null : new Convolution("up." + level + ".step", width, width, 3)));
        }
        outNorm = new Norm("out.norm", width);
        out = new Convolution("out", width, channels, 3);
    }

    private static NDArray swish(NDArray x) {
        return x.mul(Activation.sigmoid(x));
    }

    private static int width(int level) {
        return CHANNELS * MULTIPLIERS[level];
    }

    /** Everything that is trained, in a fixed order. */
    List<Parameter> parameters() {
        return List.copyOf(parameters);
    }

    private Parameter parameter(String name, Shape shape, float[] values) {
        int rows = (int) shape.get(0);
        Parameter parameter =
                Parameter.of("estimator." + name, Parameter.Rows.SHARED, backend, rows, values.length / rows, values);
        parameters.add(parameter);
        shapes.put(parameter, shape);
        return parameter;
    }

    /** The network with its weights as tensors, for the images of one step. */
    final class Pass {
        private final Map<Parameter, NDArray> weights = new IdentityHashMap<>();
        private final boolean training;

        /**
         * @param tensors the tensor of a parameter, [rows × columns]
         * @param training whether numbers are dropped
         */
        Pass(Function<Parameter, NDArray> tensors, boolean training) {
            for (Parameter parameter : parameters) {
                weights.put(parameter, tensors.apply(parameter).reshape(shapes.get(parameter)));
            }
            this.training = training;
        }

        /**
         * Images from images.
         *
         * @param images [rows × channels × side × side]
         * @param time embedding of each one's step, [rows × {@link #TIME}]
         */
        NDArray apply(NDArray images, NDArray time) {
            NDArray step = swish(timeOut.apply(this, swish(timeIn.apply(this, time))));
            Deque<NDArray> skips = new ArrayDeque<>();
            skips.push(in.apply(this, images));
            for (Level level : down) {
                for (Residual block : level.blocks()) {
                    skips.push(block.apply(this, skips.peek(), step));
                }
                if (level.step() != null) {
                    skips.push(level.step().halved(this, skips.peek()));
                }
            }
            NDArray x = middleIn.apply(this, skips.peek(), step);
            x = middleOut.apply(this, middle.apply(this, x), step);
            for (Level level : up) {
                for (Residual block : level.blocks()) {
                    x = block.apply(this, NDArrays.concat(new NDList(x, skips.pop()), 1), step);
                }
                if (level.step() != null) {
                    x = level.step().apply(this, x.repeat(2, 2).repeat(3, 2));
                }
            }
            return out.apply(this, swish(outNorm.apply(this, x)));
        }

        private NDArray of(Parameter parameter) {
            return weights.get(parameter);
        }
    }

    private final class Linear {
        private final Parameter weight;
        private final Parameter bias;

        Linear(String name, int inputs, int outputs) {
            weight = parameter(
                    name + ".weight", new Shape(inputs, outputs), Initial.linear(inputs, outputs, inputs, random));
            bias = parameter(name + ".bias", new Shape(1, outputs), Initial.linear(1, outputs, inputs, random));
        }

        NDArray apply(Pass pass, NDArray x) {
            return x.matMul(pass.of(weight)).add(pass.of(bias));
        }
    }

    private final class Convolution {
        private final Parameter weight;
        private final Parameter bias;
        private final int kernel;

        Convolution(String name, int inputs, int outputs, int kernel) {
            int fan = inputs * kernel * kernel;
            this.kernel = kernel;
            weight = parameter(
                    name + ".weight",
                    new Shape(outputs, inputs, kernel, kernel),
                    Initial.linear(outputs, fan, fan, random));
            bias = parameter(name + ".bias", new Shape(outputs), Initial.linear(1, outputs, fan, random));
        }

        /** Of the same size. */
        NDArray apply(Pass pass, NDArray x) {
            return apply(pass, x, 1, kernel / 2);
        }

        /** Of half the side, padded on the right and at the bottom. */
        NDArray halved(Pass pass, NDArray x) {
            return apply(pass, x.pad(new Shape(0, 1, 0, 1), 0), 2, 0);
        }

        /**
         * By a product of matrices: torch's own convolution (oneDNN 3.7.1) is wrong for channels that are no multiple of 16 where the
         * processor does not tell the sizes of its caches, as in some virtual machines.
         */
        private NDArray apply(Pass pass, NDArray x, int stride, int padding) {
            NDArray padded = padding == 0 ? x : x.pad(new Shape(padding, padding, padding, padding), 0);
            Shape shape = padded.getShape();
            long side = (shape.get(2) - kernel) / stride + 1;
            NDList shifted = new NDList();
            for (int row = 0; row < kernel; row++) {
                for (int column = 0; column < kernel; column++) {
                    shifted.add(padded.get(new NDIndex(
                            ":, :, {}:{}:{}, {}:{}:{}",
                            row,
                            row + (side - 1) * stride + 1,
                            stride,
                            column,
                            column + (side - 1) * stride + 1,
                            stride)));
                }
            }
            NDArray pixels = shifted.size() == 1 ? padded : NDArrays.concat(shifted, 1);
            NDArray weights = pass.of(weight);
            long outputs = weights.getShape().get(0);
            return weights.transpose(0, 2, 3, 1)
                    .reshape(outputs, -1)
                    .matMul(pixels.reshape(shape.get(0), -1, side * side))
                    .reshape(shape.get(0), outputs, side, side)
                    .add(pass.of(bias).reshape(1, outputs, 1, 1));
        }
    }

    private final class Norm {
        private final Parameter scale;
        private final Parameter shift;

        Norm(String name, int channels) {
            float[] ones = new float[channels];
            Arrays.fill(ones, 1);
            scale = parameter(name + ".scale", new Shape(1, channels, 1, 1), ones);
            shift = parameter(name + ".shift", new Shape(1, channels, 1, 1), new float[channels]);
        }

        NDArray apply(Pass pass, NDArray x) {
            Shape shape = x.getShape();
            Shape group = new Shape(shape.size() / shape.get(0) / GROUPS);
            return LayerNorm.layerNorm(
                            x.reshape(shape.get(0), GROUPS, group.get(0)),
                            group,
                            x.getManager().ones(group),
                            x.getManager().zeros(group),
                            EPSILON)
                    .singletonOrThrow()
                    .reshape(shape)
                    .mul(pass.of(scale))
                    .add(pass.of(shift));
        }
    }

    private final class Residual {
        private final Norm firstNorm;
        private final Convolution first;
        private final Linear time;
        private final Norm secondNorm;
        private final Convolution second;
        private final Convolution shortcut;

        Residual(String name, int inputs, int outputs) {
            firstNorm = new Norm(name + ".norm1", inputs);
            first = new Convolution(name + ".conv1", inputs, outputs, 3);
            time = new Linear(name + ".time", TIME_HIDDEN, outputs);
            secondNorm = new Norm(name + ".norm2", outputs);
            second = new Convolution(name + ".conv2", outputs, outputs, 3);
            shortcut = inputs == outputs ? null : new Convolution(name + ".shortcut", inputs, outputs, 1);
        }

        NDArray apply(Pass pass, NDArray x, NDArray step) {
            NDArray h = first.apply(pass, swish(firstNorm.apply(pass, x)));
            h = h.add(time.apply(pass, step)
                    .reshape(h.getShape().get(0), h.getShape().get(1), 1, 1));
            h = swish(secondNorm.apply(pass, h));
            if (pass.training && dropout > 0) {
                h = Dropout.dropout(h, (float) dropout, true).singletonOrThrow();
            }
            return second.apply(pass, h).add(shortcut == null ? x : shortcut.apply(pass, x));
        }
    }

    /** Self-attention over the places of an image. */
    private final class Attention {
        private final Norm norm;
        private final Convolution query;
        private final Convolution key;
        private final Convolution value;
        private final Convolution project;

        Attention(String name, int channels) {
            norm = new Norm(name + ".norm", channels);
            query = new Convolution(name + ".query", channels, channels, 1);
            key = new Convolution(name + ".key", channels, channels, 1);
            value = new Convolution(name + ".value", channels, channels, 1);
            project = new Convolution(name + ".project", channels, channels, 1);
        }

        NDArray apply(Pass pass, NDArray x) {
            Shape shape = x.getShape();
            Shape flat = new Shape(shape.get(0), shape.get(1), shape.get(2) * shape.get(3));
            NDArray h = norm.apply(pass, x);
            NDArray queries = query.apply(pass, h).reshape(flat).transpose(0, 2, 1);
            NDArray keys = key.apply(pass, h).reshape(flat);
            NDArray values = value.apply(pass, h).reshape(flat).transpose(0, 2, 1);
            NDArray weights = Autograd.times(queries.matMul(keys), 1 / Math.sqrt(shape.get(1)))
                    .softmax(2);
            NDArray mixed = weights.matMul(values).transpose(0, 2, 1).reshape(shape);
            return x.add(project.apply(pass, mixed));
        }
    }

    @Override
    public void close() {
        parameters.forEach(Parameter::close);
    }
}

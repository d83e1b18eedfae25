package dev.freshet.trainer.model;

import java.util.SplittableRandom;

/** Initial values of parameters. */
final class Initial {

    private Initial() {}

    /** Xavier's uniform: ±√(6 / (rows + columns)). */
    static float[] xavier(int rows, int columns, SplittableRandom random) {
        return uniform(rows, columns, Math.sqrt(6.0 / (rows + columns)), random);
    }

    /** Xavier's normal: deviation √(2 / (rows + columns)). */
    static float[] xavierNormal(int rows, int columns, SplittableRandom random) {
        double deviation = Math.sqrt(2.0 / (rows + columns));
        float[] values = new float[Math.multiplyExact(rows, columns)];
        for (int at = 0; at < values.length; at++) {
            values[at] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    /** PyTorch's default of the weight and the bias of a linear layer: ±1 / √inputs. */
    static float[] linear(int rows, int columns, int inputs, SplittableRandom random) {
        return uniform(rows, columns, 1 / Math.sqrt(inputs), random);
    }

    /** Xavier's uniform for users and for items, each a table of its own. Rows of nodes that do not occur in training are 0. */
    static float[] nodes(dev.freshet.trainer.data.Interactions train, int columns, SplittableRandom random) {
        return nodes(train, columns, xavier(train.users(), columns, random), xavier(train.items(), columns, random));
    }

    /** Users, then items. Rows of nodes that do not occur in training are 0. */
    static float[] nodes(dev.freshet.trainer.data.Interactions train, int columns, float[] users, float[] items) {
        for (int user = 0; user < train.users(); user++) {
            if (train.degree(user) == 0) {
                java.util.Arrays.fill(users, user * columns, (user + 1) * columns, 0);
            }
        }
        int[] degrees = train.itemDegrees();
        for (int item = 0; item < train.items(); item++) {
            if (degrees[item] == 0) {
                java.util.Arrays.fill(items, item * columns, (item + 1) * columns, 0);
            }
        }
        float[] nodes = java.util.Arrays.copyOf(users, users.length + items.length);
        System.arraycopy(items, 0, nodes, users.length, items.length);
        return nodes;
    }

    static float[] uniform(int rows, int columns, double bound, SplittableRandom random) {
        float[] values = new float[Math.multiplyExact(rows, columns)];
        for (int at = 0; at < values.length; at++) {
            values[at] = (float) ((2 * random.nextDouble() - 1) * bound);
        }
        return values;
    }
}

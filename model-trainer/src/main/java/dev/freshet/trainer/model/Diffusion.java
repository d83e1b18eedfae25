package dev.freshet.trainer.model;

import java.util.SplittableRandom;

/**
 * The noise of a diffusion of T steps (Ho et al., NeurIPS 2020; MCDRec, Eq. 4 to 7): β rises in a straight line, ᾱ is the product of
 * 1 − β. Steps are counted from 0 to T − 1.
 */
final class Diffusion {

    private static final double FIRST_BETA = 1e-4;
    private static final double LAST_BETA = .02;

    private final double[] betas;
    private final double[] products;

    /**
     * @param steps T, at least 1
     */
    Diffusion(int steps) {
        betas = new double[steps];
        products = new double[steps];
        double product = 1;
        for (int n = 0; n < steps; n++) {
            betas[n] = steps == 1 ? FIRST_BETA : FIRST_BETA + n * (LAST_BETA - FIRST_BETA) / (steps - 1);
            product *= 1 - betas[n];
            products[n] = product;
        }
    }

    /** T. */
    int steps() {
        return betas.length;
    }

    /** Eq. 5: how much of x₀ is left in xₙ, √ᾱₙ. */
    double signal(int n) {
        return Math.sqrt(products[n]);
    }

    /** Eq. 5: how much noise is in xₙ, √(1 − ᾱₙ). */
    double noise(int n) {
        return Math.sqrt(1 - products[n]);
    }

    /** Eq. 7, in terms of the estimate of x₀: its weight in the mean of xₙ₋₁ given xₙ. */
    double estimateWeight(int n) {
        return betas[n] * Math.sqrt(before(n)) / (1 - products[n]);
    }

    /** Eq. 7: the weight of xₙ in the mean of xₙ₋₁ given xₙ. */
    double currentWeight(int n) {
        return (1 - before(n)) * Math.sqrt(1 - betas[n]) / (1 - products[n]);
    }

    /** Eq. 6: σ², the variance of xₙ₋₁ given xₙ. */
    double variance(int n) {
        return betas[n] * (1 - before(n)) / (1 - products[n]);
    }

    private double before(int n) {
        return n == 0 ? 1 : products[n - 1];
    }

    /** A step for each of some rows, half of them drawn, the other half T − 1 less those: high and low steps alike in a batch. */
    int[] antithetic(int rows, SplittableRandom random) {
        int[] steps = new int[rows];
        int half = Math.min(rows, rows / 2 + 1);
        for (int row = 0; row < half; row++) {
            steps[row] = random.nextInt(steps());
        }
        for (int row = half; row < rows; row++) {
            steps[row] = steps() - 1 - steps[row - half];
        }
        return steps;
    }

    /**
     * What the estimator is told of each step: sines, then cosines, of falling frequency; rows × dimension.
     *
     * @param dimension an even number, at least 4
     */
    static float[] embedding(int[] steps, int dimension) {
        int half = dimension / 2;
        float[] all = new float[steps.length * dimension];
        for (int row = 0; row < steps.length; row++) {
            for (int j = 0; j < half; j++) {
                double angle = steps[row] * Math.exp(-Math.log(10_000) / (half - 1) * j);
                all[row * dimension + j] = (float) Math.sin(angle);
                all[row * dimension + half + j] = (float) Math.cos(angle);
            }
        }
        return all;
    }
}

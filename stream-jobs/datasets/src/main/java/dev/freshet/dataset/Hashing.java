package dev.freshet.dataset;

/** Hashes that stand in for random numbers where the result must be a function of its place alone. */
public final class Hashing {

    private Hashing() {}

    /** The finaliser of SplitMix64 (Steele, Lea, Flood 2014) on {@code z} plus its increment. */
    public static long mix(long z) {
        z += 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}

package dev.freshet.trainer;

/** How many threads torch has for one operation. It reads this when the engine starts. */
public final class TorchThreads {

    private static final String PROPERTY = "ai.djl.pytorch.num_threads";

    private TorchThreads() {}

    /** Gives torch as many threads, unless the JVM was started with a number of its own. */
    public static void set(int threads) {
        if (System.getProperty(PROPERTY) == null) {
            System.setProperty(PROPERTY, Integer.toString(threads));
        }
    }
}

package dev.freshet.process;

import sun.misc.Signal;
import sun.misc.SignalHandler;

/** Signals of the operating system; one that it does not know is passed over. */
@SuppressWarnings("sunapi") // The JDK's only way to handle a signal; supported in the module jdk.unsupported.
public final class Signals {

    private Signals() {}

    /**
     * Leaves Ctrl-C and the closing of the terminal, which reach the whole process group, to the starter of this process,
     * which stops its children in order.
     */
    public static void ignoreTerminal() {
        handle(SignalHandler.SIG_IGN, "INT", "HUP");
    }

    /** Runs the action, instead of the JVM's shutdown, when this process is asked to end: Ctrl-C, SIGTERM, terminal closed. */
    public static void onStop(Runnable action) {
        handle(signal -> action.run(), "INT", "TERM", "HUP");
    }

    private static void handle(SignalHandler handler, String... names) {
        for (String name : names) {
            try {
                Signal.handle(new Signal(name), handler);
            } catch (IllegalArgumentException e) {
                // Not a signal of this operating system.
            }
        }
    }
}

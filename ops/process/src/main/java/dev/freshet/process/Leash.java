package dev.freshet.process;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;

/**
 * The main class of a child JVM: runs the main class that its first argument names, and ends the JVM when whoever started it
 * is gone, however that happened. The starter holds the other end of standard input; the kernel closes it.
 */
public final class Leash {

    /** Exit code after the starter's death, the one of SIGTERM. */
    static final int EXIT_CODE = 143;

    private static final int USAGE = 2;
    private static final long SHUTDOWN_MILLIS = 10_000;

    private Leash() {}

    /** Arguments: the main class, then its own arguments. */
    public static void main(String[] args) throws Throwable {
        Signals.ignoreTerminal();
        Thread watch = new Thread(Leash::awaitEnd, "leash");
        watch.setDaemon(true);
        watch.start();
        Method main;
        try {
            main = Class.forName(args[0]).getMethod("main", String[].class);
        } catch (ClassNotFoundException e) {
            System.err.println("no class " + args[0] + " among the jars; build them anew");
            System.exit(USAGE);
            return;
        }
        try {
            main.invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static void awaitEnd() {
        try {
            while (System.in.read() >= 0) {}
        } catch (IOException e) {
            // A broken pipe is an end too.
        }
        Thread halt = new Thread(
                () -> {
                    try {
                        Thread.sleep(SHUTDOWN_MILLIS);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    Runtime.getRuntime().halt(EXIT_CODE);
                },
                "leash-halt");
        halt.setDaemon(true);
        halt.start();
        System.exit(EXIT_CODE);
    }
}

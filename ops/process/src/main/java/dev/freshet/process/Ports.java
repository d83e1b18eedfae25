package dev.freshet.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;

/** TCP ports on the loopback interface. */
public final class Ports {

    private static final int FIRST = 20_000;
    private static final int LAST = 32_000;
    /** Ports that a process asks for before it comes to those of the next process id. */
    private static final int STRIDE = 61;

    private static final AtomicInteger NEXT =
            new AtomicInteger((int) (ProcessHandle.current().pid() * STRIDE % (LAST - FIRST)));

    private Ports() {}

    /** Whether a server can listen on the port now. */
    public static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Different ports that are free now; another process may take one before its use. They lie below those that systems give to
     * outgoing connections, are in order and not given again soon, and begin elsewhere in every process: of processes that start
     * servers at the same time, hardly ever two get the same.
     */
    public static int[] free(int count) {
        int[] ports = new int[count];
        int found = 0;
        for (int tried = 0; found < count; tried++) {
            if (tried == LAST - FIRST) {
                throw new IllegalStateException("no free port on the loopback interface from " + FIRST + " to " + LAST);
            }
            int port = FIRST + Math.floorMod(NEXT.getAndIncrement(), LAST - FIRST);
            if (isFree(port)) {
                ports[found++] = port;
            }
        }
        return ports;
    }
}

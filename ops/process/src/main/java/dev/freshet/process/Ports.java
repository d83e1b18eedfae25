package dev.freshet.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** TCP ports on the loopback interface. */
public final class Ports {

    private static final PortBlocks BLOCKS =
            new PortBlocks(ProcessHandle.current().pid());

    private Ports() {}

    /** Whether a server can listen on the port now. */
    public static boolean isFree(int port) {
        try (ServerSocket socket = bind(port)) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    static ServerSocket bind(int port) throws IOException {
        ServerSocket socket = new ServerSocket();
        try {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Different ports that are free now; a process that does not ask here may take one before its use. They lie below those that systems give to
     * outgoing connections, are in order and not given again soon, and come from a block that this process alone has.
     */
    public static synchronized int[] free(int count) {
        int[] ports = new int[count];
        for (int n = 0; n < count; n++) {
            ports[n] = BLOCKS.next();
        }
        return ports;
    }
}

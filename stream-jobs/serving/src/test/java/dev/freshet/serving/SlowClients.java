package dev.freshet.serving;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Connections that never end a request, or never read an answer: they hold on until they are closed. */
final class SlowClients implements AutoCloseable {

    private static final String HEAD =
            "POST /v1/interactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

    /** How far they come. */
    private static final List<String> BEGINNINGS = List.of(
            "",
            "GET /v1/status HT",
            "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            HEAD + "Content-Length: 5000\r\n\r\n{\"user\":",
            HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"us");

    /** What a connection takes in before anyone reads. */
    private static final int RECEIVED = 4096;

    /** So that what is asked for does not fit into the buffers of a connection. */
    private static final int ANSWERS = 8;

    private final List<SocketChannel> sockets = new ArrayList<>();

    private SlowClients(int port, int n, List<String> requests) throws IOException {
        try {
            for (int client = 0; client < n; client++) {
                SocketChannel socket = SocketChannel.open();
                sockets.add(socket);
                socket.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVED);
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                socket.write(
                        ByteBuffer.wrap(requests.get(client % requests.size()).getBytes(StandardCharsets.US_ASCII)));
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Clients that begin a request. */
    static SlowClients writing(int port, int n) throws IOException {
        return new SlowClients(port, n, BEGINNINGS);
    }

    /** Clients that ask for something large, and read nothing of it. */
    static SlowClients notReading(int port, int n, String path) throws IOException {
        return new SlowClients(
                port, n, List.of(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").repeat(ANSWERS)));
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel socket : sockets) {
            socket.close();
        }
    }
}

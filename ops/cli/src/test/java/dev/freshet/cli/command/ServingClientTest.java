package dev.freshet.cli.command;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.cli.CliException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServingClientTest {

    @TempDir
    private Path folder;

    @Test
    void sendsNoTokenInTheClear() throws Exception {
        Path token = Files.writeString(folder.resolve("token"), "0123456789abcdef\n");

        assertThatThrownBy(() -> new ServingClient(URI.create("http://192.0.2.1:18080"), token, null))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("in the clear to http://192.0.2.1:18080")
                .hasMessageNotContaining("0123456789abcdef");
        for (String address : new String[] {"http://127.0.0.1:1", "http://[::1]:1", "https://192.0.2.1:1"}) {
            assertThatCode(() -> new ServingClient(URI.create(address), token, null))
                    .as(address)
                    .doesNotThrowAnyException();
        }
        assertThatCode(() -> new ServingClient(URI.create("http://192.0.2.1:18080"), null, null))
                .doesNotThrowAnyException();
    }

    @Test
    void saysWhereThereIsNoHttpsWithoutSpeakingOfTrust() throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread server = new Thread(() -> {
                try (Socket client = plain.accept()) {
                    client.getInputStream().read(new byte[4096]);
                    client.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(US_ASCII));
                    // closed while the client still writes, the connection would be reset and the answer lost
                    client.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            server.start();
            URI address = URI.create("https://127.0.0.1:" + plain.getLocalPort());
            assertThatThrownBy(() -> new ServingClient(address).get("/v1/status"))
                    .isInstanceOf(CliException.class)
                    .hasMessageContaining("no HTTPS with " + address)
                    .hasMessageContaining("see whether it speaks HTTPS")
                    .hasMessageNotContaining("--trust");
            server.join();
        }
    }
}

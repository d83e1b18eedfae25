package dev.freshet.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.RegistryException;
import dev.freshet.schema.Interaction;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a registry answers that fails: a real one, which does not, is asked by RegistryIT. */
class WireFormatTest {

    private static final Interaction CLICK =
            new Interaction("ann", "tea", "click", 1.0, Instant.ofEpochMilli(1_700_000_000_000L), null);
    private static final int REGISTERED = 258;
    private static final int OTHER = 7;

    private HttpServer server;
    private String address;
    private volatile int status = 200;
    private volatile String schema = "{\"id\": " + REGISTERED + "}";
    private volatile int asked;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/", exchange -> {
            asked++;
            byte[] answer = schema.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        address = "http://127.0.0.1:" + server.getAddress().getPort() + "/api/";
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(int code, String body) {
        status = code;
        schema = body;
    }

    private static byte[] framed(int id) {
        byte[] plain = Topic.INTERACTIONS.codec().encode(CLICK);
        return ByteBuffer.allocate(plain.length - 5)
                .put((byte) 0)
                .putInt(id)
                .put(plain, 10, plain.length - 10)
                .array();
    }

    private static String ofInteraction() {
        return "{\"schema\": \""
                + Interaction.getClassSchema().toString().replace("\\", "\\\\").replace("\"", "\\\"") + "\"}";
    }

    @Test
    void topicsOfClientsAreFramedWithTheIdAndAllOthersAreNot() throws Exception {
        WireFormat format = WireFormat.open(address);

        assertThat(format.codec(Topic.INTERACTIONS).encode(CLICK)).isEqualTo(framed(REGISTERED));
        assertThat(format.frame(Topic.INTERACTIONS, Topic.INTERACTIONS.codec().encode(CLICK)))
                .isEqualTo(framed(REGISTERED));
        assertThat(format.codec(Topic.NEIGHBORS)).isSameAs(Topic.NEIGHBORS.codec());
        assertThat(asked).isEqualTo(WireFormat.TOPICS.size());
    }

    @Test
    void bothFramesAreReadHereAndWhereTheFormatWasSentTo() throws Exception {
        WireFormat format = WireFormat.open(address);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(sent)) {
            out.writeObject(format);
        }
        WireFormat received;
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(sent.toByteArray()))) {
            received = (WireFormat) in.readObject();
        }
        answer(200, ofInteraction());
        int before = asked;
        for (WireFormat reader : new WireFormat[] {format, received}) {
            assertThat(reader.codec(Topic.INTERACTIONS).decode(framed(REGISTERED)))
                    .isEqualTo(CLICK);
            assertThat(reader.codec(Topic.INTERACTIONS).decode(framed(OTHER))).isEqualTo(CLICK);
            assertThat(reader.codec(Topic.INTERACTIONS).decode(framed(OTHER))).isEqualTo(CLICK);
            assertThat(reader.codec(Topic.INTERACTIONS)
                            .decode(Topic.INTERACTIONS.codec().encode(CLICK)))
                    .isEqualTo(CLICK);
        }
        // All of a process ask once, and not at all for what they have registered themselves.
        assertThat(asked).isEqualTo(before + 1);
    }

    @Test
    void anUnknownIdIsABadRecordAndNotAskedForAtOnceAgain() throws Exception {
        WireFormat format = WireFormat.open(address);
        answer(404, "{\"error_code\": 40403, \"message\": \"none\"}");
        int before = asked;
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> format.awaitDecoded(Topic.INTERACTIONS, framed(OTHER)))
                    .isInstanceOf(BadRecordException.class)
                    .hasMessageContaining("no schema 7");
        }
        assertThat(asked).isEqualTo(before + 1);
    }

    @Test
    void whatCannotBeReadWithASchemaIsABadRecord() throws Exception {
        WireFormat format = WireFormat.open(address);
        answer(200, ofInteraction());
        byte[] whole = framed(OTHER);
        for (byte[] bytes :
                new byte[][] {Arrays.copyOf(whole, whole.length - 3), Arrays.copyOf(whole, 5), {0, 0}, {0}, {}}) {
            assertThatThrownBy(() -> format.codec(Topic.INTERACTIONS).decode(bytes))
                    .isInstanceOf(BadRecordException.class);
        }
        answer(200, "{\"schema\": \"syntax = 'proto3';\", \"schemaType\": \"PROTOBUF\"}");
        assertThatThrownBy(() -> format.codec(Topic.INTERACTIONS).decode(framed(8)))
                .isInstanceOf(BadRecordException.class)
                .hasMessageContaining("PROTOBUF");
        int before = asked;
        assertThatThrownBy(() -> format.codec(Topic.INTERACTIONS).decode(framed(8)))
                .isInstanceOf(BadRecordException.class);
        assertThat(asked).isEqualTo(before);
        answer(200, "{\"schema\": \"{\\\"type\\\": \\\"record\\\"}\"}");
        assertThatThrownBy(() -> format.codec(Topic.INTERACTIONS).decode(framed(9)))
                .isInstanceOf(BadRecordException.class);
        answer(200, "{\"schema\": \"\\\"string\\\"\"}");
        assertThatThrownBy(() -> format.codec(Topic.INTERACTIONS).decode(framed(10)))
                .isInstanceOf(BadRecordException.class);
    }

    @Test
    void withoutARegistryARecordOfOneSaysWhatIsMissing() {
        assertThatThrownBy(
                        () -> WireFormat.SINGLE_OBJECT.codec(Topic.INTERACTIONS).decode(framed(OTHER)))
                .isInstanceOf(BadRecordException.class)
                .hasMessageContaining("--registry");
    }

    /** A stream waits: the record is neither lost nor refused. A 404 of whatever stands before the registry says nothing of the id. */
    @Test
    void aStreamWaitsForARegistryThatDoesNotAnswer() throws Exception {
        WireFormat format = WireFormat.open(address);
        answer(404, "<html>nothing here</html>");
        assertThatThrownBy(() -> format.codec(Topic.INTERACTIONS).decode(framed(OTHER)))
                .isInstanceOf(RegistryException.class);
        answer(200, "<html>Please log in</html>");
        assertThatThrownBy(() -> format.codec(Topic.INTERACTIONS).decode(framed(OTHER)))
                .isInstanceOf(RegistryException.class);
        answer(503, "");
        int before = asked;
        CompletableFuture<Interaction> decoded = CompletableFuture.supplyAsync(() -> {
            try {
                return format.awaitDecoded(Topic.INTERACTIONS, framed(OTHER));
            } catch (BadRecordException e) {
                throw new IllegalStateException(e);
            }
        });
        while (asked == before) {
            Thread.sleep(5);
        }
        assertThat(decoded).isNotDone();
        answer(200, ofInteraction());
        assertThat(decoded).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(CLICK);
    }

    @Test
    void aWaitEndsWhenItIsInterrupted() throws Exception {
        WireFormat format = WireFormat.open(address);
        server.stop(0);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> format.awaitDecoded(Topic.INTERACTIONS, framed(OTHER)))
                .isInstanceOf(RegistryException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void aRegistryThatIsOfNoUseIsSaidInOneLine() {
        assertThatThrownBy(() -> WireFormat.open("127.0.0.1:8080"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("http://HOST:PORT");
        assertThatThrownBy(() -> WireFormat.open("http://ann:secret@127.0.0.1:8080"))
                .isInstanceOf(IOException.class);
        answer(409, "{\"error_code\": 409, \"message\": \"not compatible\\nwith version 3\"}");
        assertThatThrownBy(() -> WireFormat.open(address))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("interactions-value (409, not compatible)")
                .hasMessageNotContaining("\n");
        server.stop(0);
        assertThatThrownBy(() -> WireFormat.open(address))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("does not answer")
                .hasMessageNotContaining("\n");
    }
}

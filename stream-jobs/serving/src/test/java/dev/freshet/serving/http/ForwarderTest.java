package dev.freshet.serving.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.apache.kafka.streams.state.HostInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whom an instance believes that a request has been counted already. */
class ForwarderTest {

    private static final HostInfo SELF = new HostInfo("127.0.0.1", 1);

    @TempDir
    private Path folder;

    private static Forwarder forwarder(BearerToken token, HostInfo... others) {
        return new Forwarder(() -> SELF, () -> Set.of(others), token, null);
    }

    private BearerToken token(String text) throws Exception {
        return BearerToken.read(Files.writeString(folder.resolve("token"), text));
    }

    @Test
    void withoutATokenWhoeverIsWhereAnInstanceIs() {
        Forwarder forwarder =
                forwarder(null, new HostInfo("192.0.2.7", 1), new HostInfo("::1", 1), new HostInfo("no.invalid", 1));

        assertThat(forwarder.passedOn("192.0.2.7:1", "192.0.2.7")).isTrue();
        assertThat(forwarder.passedOn("any", "0:0:0:0:0:0:0:1")).isTrue();
        assertThat(forwarder.passedOn(null, "192.0.2.7")).isFalse();
        assertThat(forwarder.passedOn("192.0.2.7:1", "192.0.2.8")).isFalse();
        assertThat(forwarder(null).passedOn("192.0.2.7:1", "192.0.2.7")).isFalse();
    }

    @Test
    void withATokenWhoeverHasIt() throws Exception {
        Forwarder forwarder = forwarder(token("0123456789abcdef"), new HostInfo("192.0.2.7", 1));
        String proof = token("0123456789abcdef").sign("192.0.2.9:1");

        assertThat(forwarder.passedOn("192.0.2.9:1 " + proof, "192.0.2.8")).isTrue();
        assertThat(forwarder.passedOn("192.0.2.7:1", "192.0.2.7")).isFalse();
        assertThat(forwarder.passedOn("192.0.2.7:1 " + proof, "192.0.2.7")).isFalse();
        assertThat(forwarder.passedOn("192.0.2.9:1 " + token("0123456789abcdeg").sign("192.0.2.9:1"), "192.0.2.7"))
                .isFalse();
    }
}

package dev.freshet.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PortsTest {

    @Test
    void tellsATakenPortFromAFreeOne() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
            assertThat(Ports.isFree(port)).isFalse();
        }
        assertThat(Ports.isFree(port)).isTrue();
    }

    /** What two processes with the same beginning would do; each goes on to further blocks. */
    @Test
    void nobodyTakesPortsFromTheBlockOfAnother() {
        PortBlocks one = new PortBlocks(7);
        PortBlocks other = new PortBlocks(7);
        Set<Integer> ports = new HashSet<>();
        for (int n = 0; n < 3 * PortBlocks.SIZE; n++) {
            assertThat(ports.add(one.next())).isTrue();
            assertThat(ports.add(other.next())).isTrue();
        }
        assertThat(ports).allMatch(port -> port >= PortBlocks.FIRST && port < PortBlocks.LAST);
    }

    @Test
    void freePortsDiffer() {
        assertThat(Arrays.stream(Ports.free(20)).distinct().count()).isEqualTo(20);
    }
}

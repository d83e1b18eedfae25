package dev.freshet.process;

import java.io.IOException;
import java.net.ServerSocket;

/**
 * Takes ports from blocks of them, one block at a time. The first port of a block is bound as long as the block is held, so that nobody else takes ports
 * from it, in this process or another. Not thread-safe.
 */
final class PortBlocks {

    static final int FIRST = 20_000;
    static final int LAST = 32_000;
    static final int SIZE = 60;

    private static final int COUNT = (LAST - FIRST) / SIZE;

    private int block;
    private int next = SIZE;
    /** Null before the first block. */
    private ServerSocket guard;

    /** @param start number of the block to begin with, or with the first behind it that is free */
    PortBlocks(long start) {
        this.block = (int) Math.floorMod(start - 1, (long) COUNT);
    }

    /** The next free port. */
    int next() {
        for (int tried = 0; tried < LAST - FIRST; tried++) {
            if (next == SIZE) {
                take();
            }
            int port = FIRST + block * SIZE + next++;
            if (Ports.isFree(port)) {
                return port;
            }
        }
        throw none();
    }

    /** Goes on to the next block that nobody has. */
    private void take() {
        for (int tried = 0; tried < COUNT; tried++) {
            block = (block + 1) % COUNT;
            try {
                ServerSocket taken = Ports.bind(FIRST + block * SIZE);
                if (guard != null) {
                    guard.close();
                }
                guard = taken;
                next = 1;
                return;
            } catch (IOException e) {
                // Somebody has it.
            }
        }
        throw none();
    }

    private static IllegalStateException none() {
        return new IllegalStateException("no free port on the loopback interface from " + FIRST + " to " + LAST);
    }
}

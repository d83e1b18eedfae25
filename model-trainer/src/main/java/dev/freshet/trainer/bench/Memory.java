package dev.freshet.trainer.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Memory of this process, bytes.
 *
 * @param resident resident set; 0 where the operating system does not tell
 * @param outsideHeap what of it lies outside the Java heap and the JVM's own areas: torch's tensors, most of all; 0 if unknown
 */
record Memory(long resident, long outsideHeap) {

    private static final Path STATUS = Path.of("/proc/self/status");

    /** The memory now, after a collection of garbage: what tensors an unreachable object holds is not counted. */
    static Memory now() {
        MemoryMXBean java = ManagementFactory.getMemoryMXBean();
        java.gc();
        long resident = residentSet();
        long own = java.getHeapMemoryUsage().getCommitted()
                + java.getNonHeapMemoryUsage().getCommitted();
        return new Memory(resident, Math.max(0, resident - own));
    }

    private static long residentSet() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}

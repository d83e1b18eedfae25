package dev.freshet.cli.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** The machine that this runs on. */
final class HostMachine {

    private HostMachine() {}

    static GraphBenchResult.Machine describe() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return new GraphBenchResult.Machine(
                Runtime.getRuntime().availableProcessors(),
                memoryBytes(),
                system.getSystemLoadAverage(),
                System.getProperty("java.version"));
    }

    static long memoryBytes() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }
}

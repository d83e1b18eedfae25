package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * The machine as the JVM sees it.
 *
 * @param load runnable threads over the last minute, its own work included: more than a few times the cores means that others
 *     were at work too; negative if unknown
 */
record HostMachine(int cores, long memoryBytes, double load, String java) {

    /** The machine that this runs on, now. */
    static HostMachine now() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return new HostMachine(
                Runtime.getRuntime().availableProcessors(),
                system.getTotalMemorySize(),
                system.getSystemLoadAverage(),
                System.getProperty("java.version"));
    }

    /** Adds its fields to results. */
    ObjectNode addTo(ObjectNode json) {
        return json.put("cores", cores)
                .put("memory_bytes", memoryBytes)
                .put("load", load)
                .put("java", java);
    }

    /** For the line above a table. */
    String describe() {
        return String.format(
                Locale.ROOT,
                "%d cores, %.0f GiB, load %.1f, Java %s",
                cores,
                memoryBytes / 1024.0 / 1024.0 / 1024.0,
                load,
                java);
    }
}

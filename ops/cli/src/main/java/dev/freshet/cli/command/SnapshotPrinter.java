package dev.freshet.cli.command;

import dev.freshet.cli.Tables;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.schema.SnapshotManifest;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Prints snapshots. */
final class SnapshotPrinter {

    private SnapshotPrinter() {}

    static void print(PrintWriter out, SnapshotManifest manifest, boolean json) {
        if (json) {
            // Avro's text form of a record is JSON.
            out.println(manifest);
            return;
        }
        out.println(manifest.getSnapshotId() + ", taken " + manifest.getCreatedAt() + " at checkpoint "
                + manifest.getCheckpointId() + " by " + manifest.getJobVersion());
        out.println("event time  " + (manifest.getWatermark() == null ? "none yet" : manifest.getWatermark()));
        out.println("location    " + manifest.getLocation());
        out.println("settings    " + new TreeMap<>(manifest.getSettings()));
        out.println();
        Map<String, long[]> contents = new TreeMap<>();
        for (SnapshotFile file : manifest.getFiles()) {
            long[] sums = contents.computeIfAbsent(file.getContent(), content -> new long[3]);
            sums[0]++;
            sums[1] += file.getRecords();
            sums[2] += file.getBytes();
        }
        List<List<String>> rows = new ArrayList<>();
        contents.forEach((content, sums) ->
                rows.add(List.of(content, number(sums[0]), number(sums[1]), number((sums[2] + 1023) >> 10))));
        Tables.print(out, List.of("content", ">files", ">rows", ">KiB"), rows);
        out.println();
        rows.clear();
        new TreeMap<>(manifest.getCounts()).forEach((name, count) -> rows.add(List.of(name, number(count))));
        Tables.print(out, List.of("what", ">count"), rows);
    }

    /** Prints the neighbors of a node in every graph that has it; returns whether there is one. */
    static boolean printNode(PrintWriter out, GraphSnapshot snapshot, String node) {
        List<List<String>> rows = new ArrayList<>();
        snapshot.graphs().forEach((graph, lists) -> {
            for (NeighborList list : lists) {
                if (list.getNode().equals(node)) {
                    for (Neighbor neighbor : list.getNeighbors()) {
                        rows.add(List.of(
                                graph,
                                neighbor.getId(),
                                String.format(Locale.ROOT, "%.6f", neighbor.getWeight()),
                                Long.toString(list.getDegree())));
                    }
                }
            }
        });
        if (!rows.isEmpty()) {
            Tables.print(out, List.of("graph", "neighbor", ">weight", ">degree"), rows);
        }
        return !rows.isEmpty();
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}

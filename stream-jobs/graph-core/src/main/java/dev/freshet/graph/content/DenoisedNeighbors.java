package dev.freshet.graph.content;

import dev.freshet.graph.TopK;
import dev.freshet.graph.knn.Panel;
import dev.freshet.graph.knn.Workers;
import dev.freshet.schema.Neighbor;
import it.unimi.dsi.fastutil.objects.Object2ObjectOpenHashMap;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * DA-MRS's denoised content graphs (KDD 2024), kept up to date: by each modality, the nearest of an item among the pairs of the mask,
 * those on which every modality is at or above its global mean cosine. Items that lack a modality have no pair. Lists depend on the
 * vectors alone, to the last bit.
 *
 * <p>Every change of a vector moves the means, and with them the mask, everywhere. Yet few lists change: each knows between which means
 * it holds (of the pairs that its order lets matter, the closest that is kept and the closest that is not), and is computed
 * anew only when a mean leaves these bounds, or a changed item is in it or would rank in it. Not thread-safe.
 */
final class DenoisedNeighbors {

    private static final int FORMAT = 1;

    private final int k;
    private final int threads;
    private final Pace pace;
    private final Map<String, Row> rows = new Object2ObjectOpenHashMap<>();
    private List<String> modalities = List.of();

    /** The lists of an item, one per modality, and between which means they hold. */
    private static final class Row {
        final List<List<Neighbor>> lists = new ArrayList<>();
        /** Least weight that ranks in a list. */
        final double[] floors;
        /** Cosines that keep their pair out: the means lie above. */
        final double[] above;
        /** Cosines that a listed pair has: no mean lies above. */
        final double[] upTo;

        Row(int modalities) {
            floors = new double[modalities];
            above = new double[modalities];
            upTo = new double[modalities];
            Arrays.fill(floors, Double.NEGATIVE_INFINITY);
            Arrays.fill(above, Double.NEGATIVE_INFINITY);
            Arrays.fill(upTo, Double.POSITIVE_INFINITY);
        }

        boolean holds(double[] means) {
            for (int m = 0; m < means.length; m++) {
                if (!(above[m] < means[m] && means[m] <= upTo[m])) {
                    return false;
                }
            }
            return true;
        }

        boolean has(Set<String> ids) {
            return lists.stream().anyMatch(list -> list.stream().anyMatch(neighbor -> ids.contains(neighbor.getId())));
        }
    }

    /** @param pace how a flush rests */
    DenoisedNeighbors(int k, int threads, Pace pace) {
        this.k = k;
        this.threads = threads;
        this.pace = pace;
    }

    /** What the lists of an item must be restored from, besides these; null if it has none, as of the last flush. */
    byte[] state(String item, SortedMap<String, UnitVectors> tables) {
        Row row = rows.get(item);
        if (row == null) {
            return null;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(FORMAT);
            out.writeInt(modalities.size());
            for (int m = 0; m < modalities.size(); m++) {
                UnitVectors table = tables.get(modalities.get(m));
                StateFormat.writeString(out, modalities.get(m));
                out.writeLong(table.fingerprint(table.slot(item)));
                out.writeDouble(row.floors[m]);
                out.writeDouble(row.above[m]);
                out.writeDouble(row.upTo[m]);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /**
     * Takes an item's {@link #state} and lists, so that the next {@link #flush} need not compute them. To be called before the first one, with all
     * items of one cut.
     *
     * @param tables vectors as they are now
     * @param lists the item's list by modality
     * @return whether the item's vectors are still those of the state; if not, it is to be flushed as changed
     * @throws IOException if the bytes are no such state
     */
    boolean restore(
            String item, byte[] state, SortedMap<String, UnitVectors> tables, Function<String, List<Neighbor>> lists)
            throws IOException {
        DataInput in = new DataInputStream(new ByteArrayInputStream(state));
        StateFormat.expect(in, FORMAT, "the denoised lists of " + item);
        modalities = List.copyOf(tables.keySet());
        if (in.readInt() != modalities.size()) {
            return false;
        }
        Row row = new Row(modalities.size());
        for (int m = 0; m < modalities.size(); m++) {
            String modality = modalities.get(m);
            UnitVectors table = tables.get(modality);
            int slot = table.slot(item);
            if (!StateFormat.readString(in).equals(modality)
                    || slot < 0
                    || !table.isLive(slot)
                    || in.readLong() != table.fingerprint(slot)) {
                return false;
            }
            row.floors[m] = in.readDouble();
            row.above[m] = in.readDouble();
            row.upTo[m] = in.readDouble();
            row.lists.add(lists.apply(modality));
        }
        rows.put(item, row);
        return true;
    }

    /** Receives the lists of an item, in the order of the modalities. */
    @FunctionalInterface
    interface Sink {
        void lists(String item, List<List<Neighbor>> lists);
    }

    /**
     * Brings the lists up to date, and passes on those that were computed.
     *
     * @param tables vectors by modality, none of them empty
     * @param changed items of which some vector was set or removed since the last time
     * @return items that have lists, empty ones included
     */
    Set<String> flush(SortedMap<String, UnitVectors> tables, Set<String> changed, Sink sink) {
        if (!modalities.equals(List.copyOf(tables.keySet()))) {
            modalities = List.copyOf(tables.keySet());
            rows.clear();
        }
        if (modalities.isEmpty()) {
            return Set.of();
        }
        new Scan(List.copyOf(tables.values())).run(changed, sink);
        return Collections.unmodifiableSet(rows.keySet());
    }

    /** One bringing up to date. An item is named by its slot in the table of the first modality. */
    private final class Scan {
        private final List<UnitVectors> tables;
        private final UnitVectors names;
        private final double[] means;
        /** Slots by modality and item; the first modality's is null where the item lacks a modality. */
        private final int[][] slots;

        private final BitSet items = new BitSet();
        private final BitSet dirty = new BitSet();

        Scan(List<UnitVectors> tables) {
            this.tables = tables;
            names = tables.get(0);
            means = tables.stream().mapToDouble(UnitVectors::meanCosine).toArray();
            slots = new int[tables.size()][names.end()];
            for (int item = 0; item < names.end(); item++) {
                boolean complete = names.isLive(item);
                for (int m = 0; m < slots.length && complete; m++) {
                    int slot = tables.get(m).slot(names.id(item));
                    complete = slot >= 0 && tables.get(m).isLive(slot);
                    slots[m][item] = slot;
                }
                items.set(item, complete);
            }
        }

        void run(Set<String> changed, Sink sink) {
            rows.keySet().removeIf(id -> names.slot(id) < 0 || !items.get(names.slot(id)));
            BitSet first = new BitSet();
            items.stream().forEach(item -> {
                String id = names.id(item);
                Row row = rows.get(id);
                if (row == null || changed.contains(id)) {
                    first.set(item);
                } else if (!row.holds(means) || row.has(changed)) {
                    dirty.set(item);
                }
            });
            compute(first, true, sink);
            dirty.andNot(first);
            compute(dirty, false, sink);
        }

        /** @param entering whether the items are to be looked for a place in the lists of the others */
        private void compute(BitSet of, boolean entering, Sink sink) {
            int[] rowsOf = of.stream().toArray();
            Row[] computed = new Row[rowsOf.length];
            int tiles = (rowsOf.length + Panel.TILE - 1) / Panel.TILE;
            AtomicInteger next = new AtomicInteger();
            Workers.run(Math.max(1, Math.min(threads, tiles)), "comparing items", thread -> {
                Products products = new Products();
                BitSet entered = new BitSet();
                Pace.Steps steps = pace.steps();
                for (int tile = next.getAndIncrement(); tile < tiles; tile = next.getAndIncrement()) {
                    int start = tile * Panel.TILE;
                    int count = Math.min(Panel.TILE, rowsOf.length - start);
                    products.of(rowsOf, start, count);
                    for (int t = 0; t < count; t++) {
                        computed[start + t] = products.row(t, rowsOf[start + t]);
                        if (entering) {
                            products.enter(t, of, entered);
                        }
                    }
                    steps.done();
                }
                synchronized (dirty) {
                    dirty.or(entered);
                }
            });
            for (int r = 0; r < rowsOf.length; r++) {
                String id = names.id(rowsOf[r]);
                rows.put(id, computed[r]);
                sink.lists(id, computed[r].lists);
            }
        }

        /** Cosines of a few items with all, by modality. */
        private final class Products {
            private final float[][] left = new float[slots.length][];
            private final float[][][] cosines = new float[slots.length][Panel.TILE][];
            private final int[] starts = new int[Panel.TILE];
            private final float[] out = new float[Panel.TILE * Panel.ROWS];
            private final short[] failed = new short[names.end()];
            private final TopK[] best = new TopK[slots.length];

            Products() {
                for (int m = 0; m < slots.length; m++) {
                    UnitVectors table = tables.get(m);
                    left[m] = new float[Panel.TILE * table.dimension()];
                    for (int t = 0; t < Panel.TILE; t++) {
                        cosines[m][t] = new float[(table.end() + Panel.ROWS - 1) / Panel.ROWS * Panel.ROWS];
                    }
                    best[m] = new TopK(k, (a, b) -> names.id(a).compareTo(names.id(b)));
                }
            }

            void of(int[] items, int from, int count) {
                for (int m = 0; m < slots.length; m++) {
                    UnitVectors table = tables.get(m);
                    for (int t = 0; t < Panel.TILE; t++) {
                        starts[t] = Math.min(t, count - 1) * table.dimension();
                        if (t < count) {
                            table.read(slots[m][items[from + t]], left[m], starts[t]);
                        }
                    }
                    for (int first = 0; first < table.end(); first += Panel.ROWS) {
                        Panel.multiply(
                                left[m],
                                starts,
                                table.panel(first / Panel.ROWS),
                                table.dimension(),
                                out,
                                0,
                                Panel.ROWS);
                        for (int t = 0; t < count; t++) {
                            System.arraycopy(out, t * Panel.ROWS, cosines[m][t], first, Panel.ROWS);
                        }
                    }
                }
            }

            private float cosine(int m, int t, int other) {
                return cosines[m][t][slots[m][other]];
            }

            /** The modality that is furthest below its mean, or -1 if the pair is kept. */
            private int fails(int t, int other) {
                int fails = -1;
                double most = 0;
                for (int m = 0; m < means.length; m++) {
                    double lacks = means[m] - cosine(m, t, other);
                    if (lacks > most) {
                        most = lacks;
                        fails = m;
                    }
                }
                return fails;
            }

            Row row(int t, int item) {
                Row row = new Row(means.length);
                for (TopK list : best) {
                    list.clear();
                }
                for (int other = items.nextSetBit(0); other >= 0; other = items.nextSetBit(other + 1)) {
                    failed[other] = (short) fails(t, other);
                    if (failed[other] < 0 && other != item) {
                        for (int m = 0; m < best.length; m++) {
                            best[m].offer(cosine(m, t, other), other);
                        }
                    }
                }
                for (int m = 0; m < best.length; m++) {
                    list(row, m, t);
                }
                for (int other = items.nextSetBit(0); other >= 0; other = items.nextSetBit(other + 1)) {
                    int m = failed[other];
                    if (m >= 0 && other != item && ranks(row, t, other)) {
                        row.above[m] = Math.max(row.above[m], cosine(m, t, other));
                    }
                }
                return row;
            }

            private void list(Row row, int m, int t) {
                best[m].sort();
                List<Neighbor> list = new ArrayList<>(best[m].size());
                for (int rank = 0; rank < best[m].size(); rank++) {
                    int other = best[m].id(rank);
                    list.add(new Neighbor(names.id(other), best[m].weight(rank)));
                    for (int by = 0; by < means.length; by++) {
                        row.upTo[by] = Math.min(row.upTo[by], cosine(by, t, other));
                    }
                }
                row.lists.add(list);
                if (list.size() == k) {
                    row.floors[m] = best[m].weight(k - 1);
                }
            }

            private boolean ranks(Row row, int t, int other) {
                for (int m = 0; m < means.length; m++) {
                    if (cosine(m, t, other) >= row.floors[m]) {
                        return true;
                    }
                }
                return false;
            }

            /** Notes the items in whose lists this one would rank, kept or not: they are computed anew. */
            void enter(int t, BitSet computed, BitSet entered) {
                for (int other = items.nextSetBit(0); other >= 0; other = items.nextSetBit(other + 1)) {
                    if (!computed.get(other) && ranks(rows.get(names.id(other)), t, other)) {
                        entered.set(other);
                    }
                }
            }
        }
    }
}

package dev.freshet.graph.knn;

/** The rows of a float matrix, packed into {@link Panel}s for products with many other rows. Immutable, thread-safe. */
public final class PackedRows {

    /** Rows per panel. */
    public static final int PANEL = Panel.ROWS;

    /** Rows on the left side of one {@link #multiply}. */
    public static final int TILE = Panel.TILE;

    private final int rows;
    private final int columns;
    private final float[][] panels;

    private PackedRows(int rows, int columns, float[][] panels) {
        this.rows = rows;
        this.columns = columns;
        this.panels = panels;
    }

    /**
     * Packs a matrix.
     *
     * @param matrix rows × columns, row after row
     */
    public static PackedRows of(float[] matrix, int rows, int columns) {
        float[][] panels = new float[(rows + PANEL - 1) / PANEL][];
        for (int p = 0; p < panels.length; p++) {
            float[] panel = new float[columns * PANEL];
            int first = p * PANEL;
            for (int r = 0; r < Math.min(PANEL, rows - first); r++) {
                Panel.write(panel, r, matrix, (first + r) * columns, columns);
            }
            panels[p] = panel;
        }
        return new PackedRows(rows, columns, panels);
    }

    /** Number of rows. */
    public int rows() {
        return rows;
    }

    /** Number of columns. */
    public int columns() {
        return columns;
    }

    /** Number of panels; panel p has the rows from p · {@link #PANEL} on, the last one padded with zeros. */
    public int panels() {
        return panels.length;
    }

    /**
     * Dot products of {@link #TILE} rows of {@code left} with the rows of a panel.
     *
     * @param left matrix with as many columns as this one
     * @param starts positions in {@code left} where the rows start, {@link #TILE} of them; the same one may stand twice
     * @param out product of row r with row j of the panel at {@code at + r * stride + j}
     */
    public void multiply(float[] left, int[] starts, int panel, float[] out, int at, int stride) {
        Panel.multiply(left, starts, panels[panel], columns, out, at, stride);
    }
}

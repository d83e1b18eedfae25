package dev.freshet.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;

/** Tables of text: columns as wide as their widest cell; those whose name starts with {@code >} are aligned to the right. */
public final class Tables {

    private Tables() {}

    /** Prints a header and rows of as many cells. */
    public static void print(PrintWriter out, List<String> header, List<List<String>> rows) {
        int columns = header.size();
        boolean[] right = new boolean[columns];
        String[] names = new String[columns];
        int[] widths = new int[columns];
        for (int c = 0; c < columns; c++) {
            right[c] = header.get(c).startsWith(">");
            names[c] = right[c] ? header.get(c).substring(1) : header.get(c);
            widths[c] = width(names[c]);
            for (List<String> row : rows) {
                widths[c] = Math.max(widths[c], width(row.get(c)));
            }
        }
        line(out, Arrays.asList(names), widths, right);
        for (List<String> row : rows) {
            line(out, row, widths, right);
        }
    }

    private static void line(PrintWriter out, List<String> cells, int[] widths, boolean[] right) {
        StringBuilder line = new StringBuilder();
        for (int c = 0; c < widths.length; c++) {
            String padding = " ".repeat(widths[c] - width(cells.get(c)));
            line.append(c == 0 ? "" : "  ").append(right[c] ? padding + cells.get(c) : cells.get(c) + padding);
        }
        out.println(line.toString().stripTrailing());
    }

    private static int width(String text) {
        return text.codePointCount(0, text.length());
    }
}

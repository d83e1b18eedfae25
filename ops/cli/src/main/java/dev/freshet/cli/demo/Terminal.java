package dev.freshet.cli.demo;

import java.io.PrintWriter;
import java.util.List;

/** Paints lines over the ones before, where the output is a terminal. The launcher says so, and how wide it is. */
final class Terminal {

    private static final int DEFAULT_COLUMNS = 110;
    private static final String ESCAPE = "\u001b[";

    private final PrintWriter out;
    private final boolean interactive = Boolean.getBoolean("freshet.terminal");
    private final int columns = Math.max(40, Integer.getInteger("freshet.columns", DEFAULT_COLUMNS));
    private int painted;

    Terminal(PrintWriter out) {
        this.out = out;
    }

    /** Whether someone watches. */
    boolean interactive() {
        return interactive;
    }

    int columns() {
        return columns;
    }

    /** Prints a line for good, above what is painted. */
    synchronized void print(String line) {
        erase();
        out.println(line);
        out.flush();
    }

    /** Paints lines in place of those painted last. */
    synchronized void paint(List<String> lines) {
        StringBuilder frame = new StringBuilder();
        if (painted > 0) {
            frame.append(ESCAPE).append(painted).append('F');
        }
        for (String line : lines) {
            frame.append(cut(line)).append(ESCAPE).append("K\n");
        }
        frame.append(ESCAPE).append('J');
        painted = lines.size();
        out.print(frame);
        out.flush();
    }

    /** Leaves what is painted where it is. */
    synchronized void keep() {
        painted = 0;
    }

    private void erase() {
        if (painted > 0) {
            out.print(ESCAPE + painted + "F" + ESCAPE + "J");
            painted = 0;
        }
    }

    private String cut(String line) {
        return line.codePointCount(0, line.length()) <= columns
                ? line
                : line.substring(0, line.offsetByCodePoints(0, columns - 1)) + "…";
    }
}

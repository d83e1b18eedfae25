package dev.freshet.serving.score;

import java.util.function.IntPredicate;

/** The k best rows by score descending, then row ascending: a bounded heap whose root is the worst kept. Not thread-safe. */
public final class TopK {

    private final int[] rows;
    private final float[] scores;
    private int size;

    public TopK(int k) {
        if (k < 1) {
            throw new IllegalArgumentException("k is " + k + "; at least 1 is needed");
        }
        this.rows = new int[k];
        this.scores = new float[k];
    }

    /**
     * Selects anew.
     *
     * @param all scores by row
     * @param n how many rows count
     * @param admitted asked only of rows that would enter, which are few
     * @return the rows, best first
     */
    public int[] select(float[] all, int n, IntPredicate admitted) {
        size = 0;
        for (int row = 0; row < n; row++) {
            float score = all[row];
            if (size < rows.length) {
                if (admitted.test(row)) {
                    scores[size] = score;
                    rows[size] = row;
                    siftUp(size++);
                }
            } else if (score > scores[0] && admitted.test(row)) {
                // Rows come in ascending order, so an equal score never displaces one that is kept.
                scores[0] = score;
                rows[0] = row;
                siftDown(0);
            }
        }
        int[] best = new int[size];
        for (int i = size - 1; i >= 0; i--) {
            best[i] = rows[0];
            size--;
            scores[0] = scores[size];
            rows[0] = rows[size];
            siftDown(0);
        }
        return best;
    }

    private boolean worse(int i, int j) {
        return scores[i] < scores[j] || (scores[i] == scores[j] && rows[i] > rows[j]);
    }

    private void siftUp(int start) {
        int i = start;
        while (i > 0 && worse(i, (i - 1) / 2)) {
            swap(i, (i - 1) / 2);
            i = (i - 1) / 2;
        }
    }

    private void siftDown(int start) {
        int i = start;
        while (true) {
            int child = 2 * i + 1;
            if (child >= size) {
                return;
            }
            if (child + 1 < size && worse(child + 1, child)) {
                child++;
            }
            if (!worse(child, i)) {
                return;
            }
            swap(i, child);
            i = child;
        }
    }

    private void swap(int i, int j) {
        int row = rows[i];
        rows[i] = rows[j];
        rows[j] = row;
        float score = scores[i];
        scores[i] = scores[j];
        scores[j] = score;
    }
}

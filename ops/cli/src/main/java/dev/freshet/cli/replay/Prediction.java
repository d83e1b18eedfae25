package dev.freshet.cli.replay;

import java.util.List;

/**
 * What was recommended to a user when an event happened.
 *
 * @param items best first
 * @param fallback whether the contender had to fall back on another way
 */
record Prediction(List<String> items, boolean fallback) {

    /** The rank of an item, from 1; 0 if it is not among the first {@code at}. */
    int rank(String item, int at) {
        int index = items.indexOf(item);
        return index < at ? index + 1 : 0;
    }
}

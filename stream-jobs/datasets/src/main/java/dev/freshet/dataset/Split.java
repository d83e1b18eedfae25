package dev.freshet.dataset;

/** Which part of the published split a row belongs to; the order is that of {@code x_label}. */
public enum Split {
    TRAIN,
    VALID,
    TEST
}

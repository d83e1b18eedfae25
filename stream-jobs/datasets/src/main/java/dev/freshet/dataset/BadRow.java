package dev.freshet.dataset;

import java.nio.file.Path;

/**
 * A row that cannot be used.
 *
 * @param file the file that it stands in
 * @param line its line, from 1; of a matrix its row, from 0
 * @param reason what is wrong, in a few words
 */
public record BadRow(Path file, long line, String reason) {

    @Override
    public String toString() {
        return file + ":" + line + ": " + reason;
    }
}

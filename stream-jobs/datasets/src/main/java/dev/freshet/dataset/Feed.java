package dev.freshet.dataset;

import java.io.IOException;
import java.util.OptionalLong;

/**
 * A sequence of events to send into the loop: an item before the interactions on it, interactions in the order of their
 * event times. It comes out the same every time, so that a position is enough to go on from.
 */
public interface Feed {

    /** Name for people. */
    String name();

    /** Number of events; empty if the feed never ends. */
    OptionalLong size();

    /**
     * Opens the feed at a position.
     *
     * @param from number of events to pass over, from an earlier {@link Cursor#position}
     */
    Cursor open(long from) throws IOException;

    /** A place in a feed. */
    interface Cursor extends AutoCloseable {

        /** The next event, or null at the end. */
        FeedEvent next() throws IOException;

        /** Events passed so far: where to open the feed to go on from here. */
        long position();

        @Override
        void close() throws IOException;
    }
}

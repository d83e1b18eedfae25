package dev.freshet.testkit;

import java.time.Instant;

/**
 * A record as a test read it.
 *
 * @param key the key as UTF-8; null if it has none
 * @param value the decoded value; null for a tombstone
 * @param timestamp the broker's time of the record
 */
public record Received<T>(String key, T value, int partition, long offset, Instant timestamp) {}

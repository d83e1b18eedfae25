package dev.freshet.cli.demo;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The loop at a moment, as its topics tell.
 *
 * @param interactions interactions on the topic
 * @param items items on the topic
 * @param firstRecommendation time from the start of the watch to the first recommendation; null before
 * @param firstModelRecommendation the same, of a trained model
 */
record LoopView(
        double interactionsPerSecond,
        long interactions,
        long items,
        double recommendationsPerSecond,
        long recommendations,
        long deadLetters,
        String deadLetterReason,
        Optional<Snapshot> snapshot,
        Optional<Training> training,
        Optional<Release> release,
        Duration firstRecommendation,
        Duration firstModelRecommendation,
        List<Shopper> shoppers) {

    /** The newest snapshot. */
    record Snapshot(String id, Instant createdAt, Map<String, Long> counts, long seen) {

        long edges() {
            return counts.entrySet().stream()
                    .filter(entry -> entry.getKey().endsWith(".edges"))
                    .mapToLong(Map.Entry::getValue)
                    .sum();
        }

        long count(String name) {
            return counts.getOrDefault(name, 0L);
        }
    }

    /** A training under way, or the last one. */
    record Training(String model, int epoch, int epochs, Map<String, Double> metrics, boolean done, String outcome) {}

    /** The release in force. */
    record Release(String model, String version, Instant releasedAt, Map<String, Double> metrics, long seen) {}

    /** A user: what they did, latest first, and what they now get, best first. */
    record Shopper(String user, List<String> did, List<String> gets, String model) {}
}

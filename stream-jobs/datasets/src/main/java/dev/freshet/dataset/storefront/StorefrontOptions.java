package dev.freshet.dataset.storefront;

import java.time.Duration;
import java.time.Instant;

/**
 * What a simulated storefront is made from.
 *
 * @param seed everything random follows from it
 * @param shoppers shoppers at the start, at least 1
 * @param items items at the start, at least one per category ({@value Catalogue#CATEGORIES})
 * @param start event time of the first interaction
 * @param interval event time between two interactions
 * @param newItemEvery interactions between two new items; 0 for none
 * @param newShopperEvery interactions between two new shoppers; 0 for none
 * @param popularitySkew exponent of the Zipf law of items within their category; 0 makes them equal
 * @param returned share of purchases that are returned, 0 to 0.5
 * @param misleadingImages share of items whose image shows another category
 * @param ambiguousTexts share of items whose text fits two categories
 * @param driftVisits visits of an average shopper after which their tastes have moved on
 */
public record StorefrontOptions(
        long seed,
        int shoppers,
        int items,
        Instant start,
        Duration interval,
        int newItemEvery,
        int newShopperEvery,
        double popularitySkew,
        double returned,
        double misleadingImages,
        double ambiguousTexts,
        int driftVisits) {

    /** Two thousand shoppers, a thousand items, from 2025 on, an event every half second. */
    public static final StorefrontOptions DEFAULT = new StorefrontOptions(
            42,
            2_000,
            1_000,
            Instant.parse("2025-01-01T00:00:00Z"),
            Duration.ofMillis(500),
            500,
            250,
            0.8,
            0.1,
            0.1,
            0.1,
            40);

    public StorefrontOptions {
        require(shoppers >= 1, "shoppers", shoppers, "at least 1");
        require(items >= Catalogue.CATEGORIES, "items", items, "at least " + Catalogue.CATEGORIES);
        require(!interval.isNegative(), "interval", interval, "not negative");
        require(newItemEvery >= 0, "newItemEvery", newItemEvery, "not negative");
        require(newShopperEvery >= 0, "newShopperEvery", newShopperEvery, "not negative");
        require(popularitySkew >= 0 && popularitySkew <= 2, "popularitySkew", popularitySkew, "from 0 to 2");
        require(returned >= 0 && returned <= 0.5, "returned", returned, "from 0 to 0.5");
        require(misleadingImages >= 0 && misleadingImages <= 1, "misleadingImages", misleadingImages, "from 0 to 1");
        require(ambiguousTexts >= 0 && ambiguousTexts <= 1, "ambiguousTexts", ambiguousTexts, "from 0 to 1");
        require(driftVisits >= 1, "driftVisits", driftVisits, "at least 1");
    }

    private static void require(boolean holds, String name, Object value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException("storefront: " + name + " is " + value + "; it must be " + rule);
        }
    }

    /** The same with another seed. */
    public StorefrontOptions withSeed(long seed) {
        return new StorefrontOptions(
                seed,
                shoppers,
                items,
                start,
                interval,
                newItemEvery,
                newShopperEvery,
                popularitySkew,
                returned,
                misleadingImages,
                ambiguousTexts,
                driftVisits);
    }

    /** The same with another size. */
    public StorefrontOptions withSize(int shoppers, int items) {
        return new StorefrontOptions(
                seed,
                shoppers,
                items,
                start,
                interval,
                newItemEvery,
                newShopperEvery,
                popularitySkew,
                returned,
                misleadingImages,
                ambiguousTexts,
                driftVisits);
    }

    /** The same with other event times. */
    public StorefrontOptions withTimes(Instant start, Duration interval) {
        return new StorefrontOptions(
                seed,
                shoppers,
                items,
                start,
                interval,
                newItemEvery,
                newShopperEvery,
                popularitySkew,
                returned,
                misleadingImages,
                ambiguousTexts,
                driftVisits);
    }
}

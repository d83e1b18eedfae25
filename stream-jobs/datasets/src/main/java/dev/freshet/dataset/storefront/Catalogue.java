package dev.freshet.dataset.storefront;

import dev.freshet.codec.Vectors;
import dev.freshet.dataset.storefront.Latent.Kind;
import dev.freshet.schema.Item;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * The items of the storefront. An item is a function of the seed and its number; the catalogue keeps those that were asked
 * for, and grows as the storefront does.
 *
 * <p>An item lies in the latent space at its category's centre plus a style. Its image vector is a fixed random projection of
 * that point plus noise, its text vector another one. A misleading image is projected from a point of another category; an
 * ambiguous text from between two categories.
 */
final class Catalogue {

    static final int CATEGORIES = 24;
    static final int IMAGE_DIMENSION = 64;
    static final int TEXT_DIMENSION = 48;

    /** Distance of an item from its category's centre, whose distance from the origin is 1. */
    private static final double STYLE = 0.7;

    private static final double IMAGE_NOISE = 0.10;
    private static final double TEXT_NOISE = 0.07;

    private static final String[] NOUNS = {
        "Lamp", "Armchair", "Teapot", "Rug", "Bicycle", "Tent", "Backpack", "Kayak", "Trainers", "Raincoat", "Scarf",
                "Watch",
        "Headphones", "Keyboard", "Camera", "Radio", "Novel", "Cookbook", "Puzzle", "Kite", "Guitar", "Easel", "Fern",
                "Spade"
    };
    private static final String[] ADJECTIVES = {
        "Bold", "Quiet", "Nordic", "Tropical", "Vintage", "Modern", "Rustic", "Sleek", "Soft", "Bright", "Tiny",
                "Grand",
        "Warm", "Cool", "Classic", "Playful", "Plain", "Ornate", "Light", "Sturdy", "Urban", "Wild", "Royal", "Humble",
        "Mellow", "Crisp", "Dusky", "Sunny", "Folk", "Space", "Coastal", "Alpine"
    };
    private static final String[] NAMES = {
        "Aster", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Heron", "Iris", "Juniper", "Kestrel", "Lark",
        "Moss", "Nimbus", "Onyx", "Pebble", "Quill", "Reed", "Sorrel", "Tern", "Umber", "Vale", "Willow", "Yarrow",
        "Zephyr"
    };
    private static final String[] VAGUE = {
        "Gift set", "Bundle", "Surprise box", "Special edition", "Sampler", "Limited drop"
    };

    /** What is behind an item. */
    record Piece(
            int category,
            double[] style,
            int shownCategory,
            double[] shownStyle,
            boolean ambiguous,
            int otherCategory) {
        boolean misleading() {
            return shownCategory != category;
        }
    }

    /** Items of one category by number, with running sums of their popularity. */
    private static final class Shelf {
        private int[] numbers = new int[64];
        private double[] popularity = new double[64];
        private int size;

        void add(int number, double weight) {
            if (size == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * size);
                popularity = Arrays.copyOf(popularity, 2 * size);
            }
            numbers[size] = number;
            popularity[size] = (size == 0 ? 0 : popularity[size - 1]) + weight;
            size++;
        }

        /** How many of the items have a number below {@code count}. */
        int below(int count) {
            int at = Arrays.binarySearch(numbers, 0, size, count);
            return at < 0 ? -at - 1 : at;
        }

        /** An item of the first {@code available} by popularity. */
        int draw(int available, Random random) {
            int at = Arrays.binarySearch(popularity, 0, available, random.nextDouble() * popularity[available - 1]);
            return numbers[Math.min(at < 0 ? -at - 1 : at, available - 1)];
        }
    }

    private final StorefrontOptions options;
    private final double[][] centres = new double[CATEGORIES][];
    private final double[][] imageSensor;
    private final double[][] textSensor;
    private final List<Piece> pieces = new ArrayList<>();
    private final Shelf[] shelves = new Shelf[CATEGORIES];

    Catalogue(StorefrontOptions options) {
        this.options = options;
        for (int category = 0; category < CATEGORIES; category++) {
            centres[category] = Latent.direction(Latent.random(options.seed(), Kind.CATEGORY, category));
            shelves[category] = new Shelf();
        }
        imageSensor = sensor(Kind.IMAGE_SENSOR, IMAGE_DIMENSION);
        textSensor = sensor(Kind.TEXT_SENSOR, TEXT_DIMENSION);
    }

    private double[][] sensor(Kind kind, int dimension) {
        double[][] rows = new double[dimension][];
        for (int row = 0; row < dimension; row++) {
            rows[row] = Latent.direction(Latent.random(options.seed(), kind, row));
        }
        return rows;
    }

    /** An item's latent facts. */
    Piece piece(int number) {
        while (pieces.size() <= number) {
            int next = pieces.size();
            Random random = Latent.random(options.seed(), Kind.ITEM, next);
            // The first items fill every category.
            int category = next < CATEGORIES ? next : random.nextInt(CATEGORIES);
            double[] style = Latent.direction(random);
            boolean misleading = random.nextDouble() < options.misleadingImages();
            boolean ambiguous = random.nextDouble() < options.ambiguousTexts();
            int other = (category + 1 + random.nextInt(CATEGORIES - 1)) % CATEGORIES;
            double[] otherStyle = Latent.direction(random);
            pieces.add(new Piece(
                    category, style, misleading ? other : category, misleading ? otherStyle : style, ambiguous, other));
            shelves[category].add(next, StrictMath.pow(1 - random.nextDouble(), -options.popularitySkew()));
        }
        return pieces.get(number);
    }

    /** Draws an item of a category by popularity, from the first {@code count} items of the catalogue. */
    int draw(int category, int count, Random random) {
        piece(count - 1);
        Shelf shelf = shelves[category];
        return shelf.draw(shelf.below(count), random);
    }

    /** How well an item suits a taste for styles, from -1 to 1. */
    double affinity(double[] taste, int number) {
        return Latent.dot(taste, piece(number).style);
    }

    static String id(int number) {
        return "item-" + number;
    }

    /** An item as the topic has it. */
    Item item(int number) {
        Piece piece = piece(number);
        Random noise = Latent.random(options.seed(), Kind.CONTENT, number);
        double[] shown = Latent.plus(centres[piece.shownCategory], STYLE, piece.shownStyle);
        double[] told = Latent.plus(centres[piece.category], STYLE, piece.style);
        if (piece.ambiguous) {
            told = Latent.plus(centres[piece.category], 1, centres[piece.otherCategory]);
        }
        Map<String, List<Float>> features = new HashMap<>();
        features.put("image", Vectors.toList(project(imageSensor, shown, IMAGE_NOISE, noise)));
        features.put("text", Vectors.toList(project(textSensor, told, TEXT_NOISE, noise)));

        Map<String, String> attributes = new HashMap<>();
        attributes.put("category", NOUNS[piece.category]);
        attributes.put("price", String.format(Locale.ROOT, "%.2f", 5 + StrictMath.exp(noise.nextGaussian() + 3)));
        attributes.put("image", piece.misleading() ? "misleading" : "faithful");
        attributes.put("text", piece.ambiguous ? "ambiguous" : "clear");
        if (piece.misleading()) {
            attributes.put("image-shows", NOUNS[piece.shownCategory]);
        }
        return Item.newBuilder()
                .setItem(id(number))
                .setTitle(title(piece, noise))
                .setImageUrl(Picture.of(piece.shownCategory, piece.shownStyle))
                .setAttributes(attributes)
                .setFeatures(features)
                .build();
    }

    private static float[] project(double[][] sensor, double[] point, double noise, Random random) {
        float[] vector = new float[sensor.length];
        for (int row = 0; row < vector.length; row++) {
            vector[row] = (float) (Latent.dot(sensor[row], point) + noise * random.nextGaussian());
        }
        return vector;
    }

    private static String title(Piece piece, Random random) {
        String name = NAMES[random.nextInt(NAMES.length)];
        if (piece.ambiguous) {
            return VAGUE[random.nextInt(VAGUE.length)] + " “" + name + "”";
        }
        int strongest = 0;
        for (int d = 1; d < Latent.DIMENSION; d++) {
            if (Math.abs(piece.style[d]) > Math.abs(piece.style[strongest])) {
                strongest = d;
            }
        }
        String adjective = ADJECTIVES[2 * strongest + (piece.style[strongest] < 0 ? 1 : 0)];
        return adjective + " " + NOUNS[piece.category].toLowerCase(Locale.ROOT) + " “" + name + "”";
    }
}

package dev.freshet.dataset.storefront;

import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import dev.freshet.dataset.storefront.Latent.Kind;
import dev.freshet.schema.Interaction;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;

/**
 * A simulated shop without an end, described in docs/storefront.md: its catalogue first, then visits of shoppers, new items and
 * new shoppers among them. Every event is a function of the options and its position, so that the feed goes on from any
 * position without replaying what came before.
 *
 * <p>Visits come in blocks of {@value #VISITS}; each has {@value #STEPS} interactions, and the visits of a block run side by
 * side. A new item comes before the block in which it is due.
 */
public final class Storefront implements Feed {

    static final int VISITS = 16;
    static final int STEPS = 4;
    static final int BLOCK = VISITS * STEPS;

    /** Visits from a purchase to its return. Purchases are returned from every other stretch of this length only. */
    static final int RETURN_LAG = 10 * VISITS;

    /** Items that a shopper looks over before choosing one. */
    private static final int WINDOW = 24;

    /** How much a shopper's choice follows their taste: the weight of an item is exp(this · affinity). */
    private static final double CHOOSINESS = 6;

    private static final double EXPLORING = 0.08;
    private static final double[] INTERESTS = {0.55, 0.3, 0.15};

    private enum Plan {
        BROWSE,
        CART,
        BUY,
        RETURN
    }

    private record Step(int item, String action, double weight) {}

    private record Visit(int shopper, List<Step> steps) {}

    private final StorefrontOptions options;
    private final Catalogue catalogue;

    public Storefront(StorefrontOptions options) {
        this.options = options;
        this.catalogue = new Catalogue(options);
    }

    @Override
    public String name() {
        return "simulated storefront, seed " + options.seed();
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.empty();
    }

    @Override
    public Cursor open(long from) {
        return new Cursor() {
            private long position = Math.max(0, from);
            private long block = blockAt(position);
            private List<FeedEvent> events = block < 0 ? List.of() : block(block);

            @Override
            public FeedEvent next() {
                if (position < options.items()) {
                    return new FeedEvent.OfItem(catalogue.item((int) position++));
                }
                if (block < 0 || position >= start(block + 1)) {
                    events = block(++block);
                }
                return events.get((int) (position++ - start(block)));
            }

            @Override
            public long position() {
                return position;
            }

            @Override
            public void close() {}
        };
    }

    /** Position of the first event of a block. */
    private long start(long block) {
        return options.items() + block * BLOCK + newItems(block);
    }

    /** The block that a position lies in; -1 for the catalogue at the start. */
    private long blockAt(long position) {
        if (position < options.items()) {
            return -1;
        }
        long low = 0;
        long high = (position - options.items()) / BLOCK;
        while (low < high) {
            long middle = (low + high + 1) >>> 1;
            if (start(middle) <= position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** Items that have been added before a block; those due within it come with the next one. */
    private long newItems(long block) {
        return options.newItemEvery() == 0 ? 0 : block * BLOCK / options.newItemEvery();
    }

    private int itemsAt(long block) {
        return (int) Math.min(Integer.MAX_VALUE - 1, options.items() + newItems(block));
    }

    /** Shoppers who have come before a visit or come with it. */
    private int shoppersAt(long visit) {
        return (int) Math.min(Integer.MAX_VALUE - 1, options.shoppers() + newShoppers(visit + 1));
    }

    private long newShoppers(long visits) {
        return options.newShopperEvery() == 0 ? 0 : visits * STEPS / options.newShopperEvery();
    }

    private List<FeedEvent> block(long block) {
        List<FeedEvent> events = new ArrayList<>(BLOCK + 1);
        for (int number = itemsAt(block); number < itemsAt(block + 1); number++) {
            events.add(new FeedEvent.OfItem(catalogue.item(number)));
        }
        Visit[] visits = new Visit[VISITS];
        for (int i = 0; i < VISITS; i++) {
            visits[i] = visit(block * VISITS + i);
        }
        for (int step = 0; step < STEPS; step++) {
            for (int i = 0; i < VISITS; i++) {
                long number = block * BLOCK + (long) step * VISITS + i;
                events.add(new FeedEvent.OfInteraction(interaction(visits[i], step, number)));
            }
        }
        return events;
    }

    private Interaction interaction(Visit visit, int step, long number) {
        Step done = visit.steps.get(step);
        return new Interaction(
                "shopper-" + visit.shopper,
                Catalogue.id(done.item),
                done.action,
                done.weight,
                // To the millisecond, as the topic keeps it.
                options.start()
                        .plusNanos(Math.multiplyExact(number, options.interval().toNanos()))
                        .truncatedTo(ChronoUnit.MILLIS),
                Long.toString(number));
    }

    /** The visit of a number, with the return of an earlier purchase where one is due. */
    private Visit visit(long number) {
        long earlier = number - RETURN_LAG;
        if (earlier >= 0 && mayBeReturned(earlier)) {
            Random random = Latent.random(options.seed(), Kind.VISIT, earlier);
            int shopper = shopper(earlier, random);
            if (plan(random) == Plan.BUY && random.nextDouble() < 2 * options.returned()) {
                int bought = last(walk(earlier, shopper, Plan.BUY, random)).item;
                Random now = Latent.random(options.seed(), Kind.VISIT, number);
                List<Step> steps = walk(number, shopper, Plan.RETURN, now);
                steps.add(0, new Step(bought, "remove", 1));
                return new Visit(shopper, steps);
            }
        }
        Random random = Latent.random(options.seed(), Kind.VISIT, number);
        int shopper = shopper(number, random);
        Plan plan = plan(random);
        random.nextDouble(); // Whether it will be returned; drawn here too, so that both draw alike.
        return new Visit(shopper, walk(number, shopper, plan, random));
    }

    private static boolean mayBeReturned(long visit) {
        return visit / RETURN_LAG % 2 == 0;
    }

    private int shopper(long visit, Random random) {
        double share = random.nextDouble();
        if (newShoppers(visit + 1) > newShoppers(visit)) {
            return shoppersAt(visit) - 1;
        }
        // Some come often and some seldom: the square makes the first ones the regulars.
        return (int) (share * share * shoppersAt(visit));
    }

    private static Plan plan(Random random) {
        double share = random.nextDouble();
        return share < 0.45 ? Plan.BROWSE : share < 0.65 ? Plan.CART : Plan.BUY;
    }

    private List<Step> walk(long visit, int shopper, Plan plan, Random random) {
        int items = itemsAt(visit / VISITS + 1);
        double[] taste = Latent.direction(Latent.random(options.seed(), Kind.SHOPPER, shopper));
        int views =
                switch (plan) {
                    case BROWSE -> STEPS;
                    case CART, RETURN -> STEPS - 1;
                    case BUY -> STEPS - 2;
                };
        List<Step> steps = new ArrayList<>(STEPS);
        int best = -1;
        for (int view = 0; view < views; view++) {
            int item = choose(category(visit, shopper, random), taste, items, random);
            steps.add(new Step(item, "view", 1));
            if (best < 0 || catalogue.affinity(taste, item) > catalogue.affinity(taste, best)) {
                best = item;
            }
        }
        if (plan == Plan.CART || plan == Plan.BUY) {
            steps.add(new Step(best, "cart", 3));
        }
        if (plan == Plan.BUY) {
            steps.add(new Step(best, "purchase", 5));
        }
        return steps;
    }

    /**
     * The category that a shopper turns to. Their interests are those of one phase of their life, and more and more often those
     * of the next one: that is the drift.
     */
    private int category(long visit, int shopper, Random random) {
        if (random.nextDouble() < EXPLORING) {
            return random.nextInt(Catalogue.CATEGORIES);
        }
        double phases = (double) visit / ((double) options.driftVisits() * options.shoppers())
                + Latent.random(options.seed(), Kind.SHOPPER, shopper).nextDouble();
        long phase = (long) phases;
        if (random.nextDouble() < phases - phase) {
            phase++;
        }
        Random interests = Latent.random(options.seed(), Kind.TASTE, shopper, phase);
        double share = random.nextDouble();
        int category = interests.nextInt(Catalogue.CATEGORIES);
        for (int rank = 0; rank < INTERESTS.length - 1 && share >= INTERESTS[rank]; rank++) {
            share -= INTERESTS[rank];
            category = interests.nextInt(Catalogue.CATEGORIES);
        }
        return category;
    }

    /** Draws the window by popularity and chooses from it by taste. */
    private int choose(int category, double[] taste, int items, Random random) {
        int[] window = new int[WINDOW];
        double[] weights = new double[WINDOW];
        double sum = 0;
        for (int i = 0; i < WINDOW; i++) {
            window[i] = catalogue.draw(category, items, random);
            sum += weights[i] = StrictMath.exp(CHOOSINESS * catalogue.affinity(taste, window[i]));
        }
        double share = random.nextDouble() * sum;
        int chosen = 0;
        while (chosen < WINDOW - 1 && share >= weights[chosen]) {
            share -= weights[chosen++];
        }
        return window[chosen];
    }

    private static Step last(List<Step> steps) {
        return steps.get(steps.size() - 1);
    }
}

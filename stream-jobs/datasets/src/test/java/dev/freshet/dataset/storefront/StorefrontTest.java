package dev.freshet.dataset.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.codec.Vectors;
import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.topic.Intake;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;

class StorefrontTest {

    private static final StorefrontOptions SMALL =
            StorefrontOptions.DEFAULT.withSize(300, 240).withSeed(7);

    @Test
    void everyEventIsAFunctionOfItsPosition() throws IOException {
        List<FeedEvent> events = take(new Storefront(SMALL), 0, 6_000);
        assertThat(take(new Storefront(SMALL), 0, 6_000)).isEqualTo(events);
        Storefront used = new Storefront(SMALL);
        for (int from : new int[] {5_000, 1, 239, 240, 241, 303, 304, 305, 900, 3_217}) {
            assertThat(take(used, from, 700)).as("from %d", from).isEqualTo(events.subList(from, from + 700));
            assertThat(take(new Storefront(SMALL), from, 700)).isEqualTo(events.subList(from, from + 700));
        }
        assertThat(take(new Storefront(SMALL.withSeed(8)), 0, 6_000)).isNotEqualTo(events);
    }

    @Test
    void everyRecordIsAcceptableAndInOrder() throws Exception {
        Map<String, Integer> dimensions = Map.of("image", Catalogue.IMAGE_DIMENSION, "text", Catalogue.TEXT_DIMENSION);
        Set<String> known = new HashSet<>();
        Set<String> bought = new HashSet<>();
        Map<String, Integer> actions = new TreeMap<>();
        Instant latest = Instant.MIN;
        for (FeedEvent event : take(new Storefront(SMALL), 0, 60_000)) {
            if (event instanceof FeedEvent.OfItem e) {
                Intake.check(e.item(), dimensions);
                assertThat(known.add(e.item().getItem())).isTrue();
            } else if (event instanceof FeedEvent.OfInteraction e) {
                Interaction interaction = e.interaction();
                Intake.check(
                        interaction, SMALL.start().plus(Duration.ofDays(30)).toEpochMilli());
                assertThat(known).contains(interaction.getItem());
                assertThat(interaction.getEventTime()).isAfter(latest);
                latest = interaction.getEventTime();
                actions.merge(interaction.getAction(), 1, Integer::sum);
                String pair = interaction.getUser() + " " + interaction.getItem();
                if (interaction.getAction().equals("purchase")) {
                    bought.add(pair);
                } else if (interaction.getAction().equals("remove")) {
                    assertThat(bought).contains(pair);
                }
            }
        }
        assertThat(actions).containsOnlyKeys("view", "cart", "purchase", "remove");
        double returned = (double) actions.get("remove") / actions.get("purchase");
        assertThat(returned).isBetween(0.07, 0.13);
        assertThat(actions.get("view")).isGreaterThan(actions.get("cart"));
        assertThat(actions.get("cart")).isGreaterThan(actions.get("purchase"));
    }

    @Test
    void itemsAndShoppersArriveAndSomeAreMorePopular() throws IOException {
        List<FeedEvent> events = take(new Storefront(SMALL), 0, 60_000);
        List<Interaction> interactions = interactions(events);
        assertThat(events.size() - interactions.size()).isEqualTo(240 + interactions.size() / 500);
        Map<String, Long> byItem =
                interactions.stream().collect(Collectors.groupingBy(Interaction::getItem, Collectors.counting()));
        assertThat(byItem.keySet()).anyMatch(item -> Integer.parseInt(item.substring(5)) >= 240);
        long[] counts =
                byItem.values().stream().mapToLong(Long::longValue).sorted().toArray();
        long top = Arrays.stream(counts, counts.length - counts.length / 10, counts.length)
                .sum();
        assertThat((double) top / interactions.size()).isGreaterThan(0.3);
        Set<String> early = users(interactions.subList(0, 10_000));
        Set<String> late = users(interactions.subList(interactions.size() - 10_000, interactions.size()));
        assertThat(late).anyMatch(user -> Integer.parseInt(user.substring(8)) >= 300);
        assertThat(early).noneMatch(user -> Integer.parseInt(user.substring(8)) >= 300 + 10_000 / 250);
    }

    @Test
    void tastesDrift() throws IOException {
        Storefront shop = new Storefront(SMALL);
        Map<String, String> category = new HashMap<>();
        List<FeedEvent> events = take(shop, 0, 240_000);
        for (FeedEvent event : events) {
            if (event instanceof FeedEvent.OfItem e) {
                category.put(e.item().getItem(), e.item().getAttributes().get("category"));
            }
        }
        // Shares of the categories in the views of the most active shoppers: a phase lasts 40 visits of an average
        // shopper.
        List<Interaction> views = interactions(events);
        int slice = 20_000;
        double near = 0;
        double far = 0;
        for (int shopper = 0; shopper < 20; shopper++) {
            String user = "shopper-" + shopper;
            Map<String, Double> first = shares(views.subList(0, slice), user, category);
            near += overlap(first, shares(views.subList(slice, 2 * slice), user, category));
            far += overlap(first, shares(views.subList(views.size() - slice, views.size()), user, category));
        }
        assertThat(near).isGreaterThan(1.5 * far);
    }

    @Test
    void vectorsTellTheCategoryUnlessMisleadingOrAmbiguous() throws IOException {
        StorefrontOptions options = StorefrontOptions.DEFAULT.withSeed(3);
        List<Item> items = new ArrayList<>();
        for (FeedEvent event : take(new Storefront(options), 0, options.items())) {
            items.add(((FeedEvent.OfItem) event).item());
        }
        List<Item> misleading = items.stream()
                .filter(item -> item.getAttributes().get("image").equals("misleading"))
                .toList();
        List<Item> ambiguous = items.stream()
                .filter(item -> item.getAttributes().get("text").equals("ambiguous"))
                .toList();
        assertThat(misleading.size()).isBetween(60, 140);
        assertThat(ambiguous.size()).isBetween(60, 140);
        List<Item> faithful = new ArrayList<>(items);
        faithful.removeAll(misleading);
        List<Item> clear = new ArrayList<>(items);
        clear.removeAll(ambiguous);
        assertThat(agreement(faithful, faithful, "image")).isGreaterThan(0.8);
        assertThat(agreement(misleading, faithful, "image")).isLessThan(0.1);
        assertThat(agreement(clear, clear, "text")).isGreaterThan(0.9);
        assertThat(agreement(ambiguous, clear, "text")).isBetween(0.2, 0.8);
        for (Item item : misleading) {
            assertThat(item.getAttributes().get("image-shows"))
                    .isNotEqualTo(item.getAttributes().get("category"));
        }
    }

    @Test
    void titlesAreReadableAndPicturesAreSvg() throws Exception {
        for (FeedEvent event : take(new Storefront(SMALL), 0, 240)) {
            Item item = ((FeedEvent.OfItem) event).item();
            String category = item.getAttributes().get("category").toLowerCase(Locale.ROOT);
            boolean clear = item.getAttributes().get("text").equals("clear");
            assertThat(item.getTitle().toLowerCase(Locale.ROOT).contains(category))
                    .as(item.getTitle())
                    .isEqualTo(clear);
            assertThat(URI.create(item.getImageUrl()).getScheme()).isEqualTo("data");
            String svg = URLDecoder.decode(
                    item.getImageUrl().substring("data:image/svg+xml,".length()), StandardCharsets.UTF_8);
            assertThat(DocumentBuilderFactory.newInstance()
                            .newDocumentBuilder()
                            .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
                            .getDocumentElement()
                            .getTagName())
                    .isEqualTo("svg");
        }
    }

    /** Somebody who looks at what goes together recommends much better than somebody who looks at what sells. */
    @Test
    void itemNeighborsBeatPopularity() throws IOException {
        List<Interaction> interactions = interactions(take(new Storefront(SMALL), 0, 24_000));
        int cut = interactions.size() * 4 / 5;
        Map<String, Set<String>> train = sets(interactions.subList(0, cut));
        Map<String, Set<String>> test = sets(interactions.subList(cut, interactions.size()));
        Map<String, Double> popularity = new HashMap<>();
        Map<String, Map<String, Double>> together = new HashMap<>();
        for (Set<String> items : train.values()) {
            for (String i : items) {
                popularity.merge(i, 1.0, Double::sum);
                for (String j : items) {
                    if (!i.equals(j)) {
                        together.computeIfAbsent(i, key -> new HashMap<>()).merge(j, 1.0, Double::sum);
                    }
                }
            }
        }
        double popular = recall(train, test, popularity.keySet(), user -> popularity::get);
        double neighbors = recall(train, test, popularity.keySet(), user -> {
            Map<String, Double> scores = new HashMap<>();
            for (String i : train.get(user)) {
                together.getOrDefault(i, Map.of()).forEach((j, common) -> {
                    double jaccard = common / (popularity.get(i) + popularity.get(j) - common);
                    scores.merge(j, jaccard, Double::sum);
                });
            }
            return item -> scores.getOrDefault(item, 0.0);
        });
        assertThat(neighbors).isGreaterThan(1.5 * popular);
    }

    @Test
    void refusesImpossibleOptions() {
        assertThatThrownBy(() -> SMALL.withSize(0, 100)).hasMessageContaining("shoppers is 0");
        assertThatThrownBy(() -> SMALL.withSize(1, 23)).hasMessageContaining("items is 23");
        assertThatThrownBy(() -> SMALL.withTimes(SMALL.start(), Duration.ofMillis(-1)))
                .hasMessageContaining("interval");
    }

    private static double recall(
            Map<String, Set<String>> train,
            Map<String, Set<String>> test,
            Set<String> items,
            Function<String, ToDoubleFunction<String>> scorer) {
        double sum = 0;
        int users = 0;
        for (Map.Entry<String, Set<String>> entry : test.entrySet()) {
            Set<String> seen = train.get(entry.getKey());
            if (seen == null) {
                continue;
            }
            Set<String> relevant = new HashSet<>(entry.getValue());
            relevant.removeAll(seen);
            if (relevant.isEmpty()) {
                continue;
            }
            ToDoubleFunction<String> score = scorer.apply(entry.getKey());
            long hits = items.stream()
                    .filter(item -> !seen.contains(item))
                    .sorted(Comparator.comparingDouble(score).reversed().thenComparing(Comparator.naturalOrder()))
                    .limit(20)
                    .filter(relevant::contains)
                    .count();
            sum += (double) hits / relevant.size();
            users++;
        }
        return sum / users;
    }

    private static Map<String, Set<String>> sets(List<Interaction> interactions) {
        Map<String, Set<String>> sets = new TreeMap<>();
        for (Interaction interaction : interactions) {
            Set<String> items = sets.computeIfAbsent(interaction.getUser(), key -> new HashSet<>());
            if (Intake.isRemoval(interaction)) {
                items.remove(interaction.getItem());
            } else {
                items.add(interaction.getItem());
            }
        }
        return sets;
    }

    /** Share of the probes whose nearest other item by cosine is of their category. */
    private static double agreement(List<Item> probes, List<Item> among, String modality) {
        int agree = 0;
        for (Item probe : probes) {
            float[] vector = Vectors.toArray(probe.getFeatures().get(modality));
            Item nearest = among.stream()
                    .filter(item -> item != probe)
                    .max(Comparator.comparingDouble(item ->
                            cosine(vector, Vectors.toArray(item.getFeatures().get(modality)))))
                    .orElseThrow();
            if (nearest.getAttributes()
                    .get("category")
                    .equals(probe.getAttributes().get("category"))) {
                agree++;
            }
        }
        return (double) agree / probes.size();
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int d = 0; d < a.length; d++) {
            ab += a[d] * b[d];
            aa += a[d] * a[d];
            bb += b[d] * b[d];
        }
        return ab / Math.sqrt(aa * bb);
    }

    private static Map<String, Double> shares(
            List<Interaction> interactions, String user, Map<String, String> category) {
        List<Interaction> own = interactions.stream()
                .filter(interaction -> interaction.getUser().equals(user))
                .toList();
        return own.stream()
                .collect(Collectors.groupingBy(
                        interaction -> category.get(interaction.getItem()),
                        Collectors.summingDouble(interaction -> 1.0 / own.size())));
    }

    private static double overlap(Map<String, Double> a, Map<String, Double> b) {
        return a.entrySet().stream()
                .mapToDouble(entry -> Math.min(entry.getValue(), b.getOrDefault(entry.getKey(), 0.0)))
                .sum();
    }

    private static Set<String> users(List<Interaction> interactions) {
        return interactions.stream().map(Interaction::getUser).collect(Collectors.toSet());
    }

    private static List<Interaction> interactions(List<FeedEvent> events) {
        return events.stream()
                .filter(FeedEvent.OfInteraction.class::isInstance)
                .map(event -> ((FeedEvent.OfInteraction) event).interaction())
                .toList();
    }

    private static List<FeedEvent> take(Feed feed, long from, int count) throws IOException {
        List<FeedEvent> events = new ArrayList<>(count);
        try (Feed.Cursor cursor = feed.open(from)) {
            for (int i = 0; i < count; i++) {
                assertThat(cursor.position()).isEqualTo(from + i);
                events.add(cursor.next());
            }
        }
        return events;
    }
}

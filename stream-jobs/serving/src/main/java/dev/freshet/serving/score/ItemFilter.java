package dev.freshet.serving.score;

import dev.freshet.schema.Item;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which items may be offered, by their attributes. Of every attribute that is named in {@code allow}, an item needs one of the values; it must
 * not have a value in {@code deny}, nor be hidden. An item without an attribute has none of its values. Names and values are compared letter by letter.
 *
 * @param allow values by attribute, one of which an item needs
 * @param deny values by attribute that an item must not have
 * @param hidden ids of items that are not offered
 */
public record ItemFilter(Map<String, Set<String>> allow, Map<String, Set<String>> deny, Set<String> hidden) {

    /** Admits everything. */
    public static final ItemFilter NONE = new ItemFilter(Map.of(), Map.of(), Set.of());

    /**
     * A filter of rules as people write them.
     *
     * @param allow ATTRIBUTE:VALUE each; a value may have further colons
     * @param deny the same
     * @param hidden ids
     * @throws IllegalArgumentException if a rule has no attribute or no value
     */
    public static ItemFilter of(Collection<String> allow, Collection<String> deny, Collection<String> hidden) {
        return new ItemFilter(rules(allow), rules(deny), Set.copyOf(hidden));
    }

    private static Map<String, Set<String>> rules(Collection<String> texts) {
        Map<String, Set<String>> rules = new HashMap<>();
        for (String text : texts) {
            int colon = text.indexOf(':');
            if (colon < 1 || colon == text.length() - 1) {
                throw new IllegalArgumentException("'" + text + "' is no ATTRIBUTE:VALUE, such as category:shoes");
            }
            rules.computeIfAbsent(text.substring(0, colon), attribute -> new HashSet<>())
                    .add(text.substring(colon + 1));
        }
        return rules;
    }

    /** Whether it admits everything. */
    public boolean isEmpty() {
        return allow.isEmpty() && deny.isEmpty() && hidden.isEmpty();
    }

    /**
     * Whether an item may be offered.
     *
     * @param record what is known of it; nothing where no record has come
     */
    public boolean admits(String item, Optional<Item> record) {
        if (hidden.contains(item)) {
            return false;
        }
        Map<String, String> attributes = record.map(Item::getAttributes).orElse(Map.of());
        return allow.entrySet().stream()
                        .allMatch(rule -> rule.getValue().contains(attributes.getOrDefault(rule.getKey(), "")))
                && deny.entrySet().stream()
                        .noneMatch(rule -> rule.getValue().contains(attributes.getOrDefault(rule.getKey(), "")));
    }
}

package dev.freshet.serving.http;

import dev.freshet.graph.GraphNames;
import dev.freshet.serving.stream.ServingContext;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Users, or items, as nodes of the live graphs.
 *
 * @param kind user or item
 * @param graphs graphs that there always are, the one by default first
 * @param owns whether a further graph that is live has such nodes
 * @param known whether a node is known
 * @param shown whether a node may be shown
 * @param describe a node with title and picture, where it has them
 */
record Nodes(
        String kind,
        List<String> graphs,
        Predicate<String> owns,
        Predicate<String> known,
        Predicate<String> shown,
        Function<String, Answers.ItemView> describe) {

    static Nodes items(ItemViews items) {
        return new Nodes(
                "item",
                List.of(GraphNames.ITEM_JACCARD, GraphNames.ITEM_COOCCURRENCE),
                graph -> GraphNames.isItemContent(graph) || GraphNames.isItemDenoised(graph),
                items::known,
                items::shown,
                items::of);
    }

    static Nodes users(ServingContext serving) {
        return new Nodes(
                "user",
                List.of(GraphNames.USER_JACCARD),
                graph -> GraphNames.isUserProfile(graph) || graph.equals(GraphNames.USER_COOCCURRENCE),
                serving.users()::contains,
                any -> true,
                id -> new Answers.ItemView(id, null, null, true));
    }

    /** The graphs of these nodes that can be asked for, the one by default first. */
    Set<String> in(ServingContext serving) {
        Set<String> all = new LinkedHashSet<>(graphs);
        serving.catalogue().graphs().keySet().stream().filter(owns).forEach(all::add);
        return all;
    }
}

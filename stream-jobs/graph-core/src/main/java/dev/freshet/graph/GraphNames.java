package dev.freshet.graph;

/** Names of the graphs, as they stand on the topic {@code neighbors}, in snapshots and in settings. */
public final class GraphNames {

    /** Items by Jaccard similarity of their user sets. */
    public static final String ITEM_JACCARD = "item-jaccard";

    /** Users by Jaccard similarity of their item sets. */
    public static final String USER_JACCARD = "user-jaccard";

    /** Items by the number of common users, from a threshold up. */
    public static final String ITEM_COOCCURRENCE = "item-cooccurrence";

    /** Users by the number of common items. */
    public static final String USER_COOCCURRENCE = "user-cooccurrence";

    private static final String ITEM_CONTENT = "item-content-";
    private static final String ITEM_DENOISED = "item-denoised-";
    private static final String USER_PROFILE = "user-profile-";

    private GraphNames() {}

    /** Items by cosine of their vectors of a modality. */
    public static String itemContent(String modality) {
        return ITEM_CONTENT + modality;
    }

    /** Items by cosine of their vectors of a modality, among the pairs on which all modalities agree (DA-MRS). */
    public static String itemDenoised(String modality) {
        return ITEM_DENOISED + modality;
    }

    /** Users by cosine of their profiles: the mean of their items' vectors of a modality. */
    public static String userProfile(String modality) {
        return USER_PROFILE + modality;
    }

    /** Whether a graph is one of {@link #itemContent}. */
    public static boolean isItemContent(String graph) {
        return graph.startsWith(ITEM_CONTENT);
    }

    /** Whether a graph is one of {@link #itemDenoised}. */
    public static boolean isItemDenoised(String graph) {
        return graph.startsWith(ITEM_DENOISED);
    }

    /** Whether a graph is one of {@link #userProfile}. */
    public static boolean isUserProfile(String graph) {
        return graph.startsWith(USER_PROFILE);
    }

    /** The modality of a graph that {@link #isItemContent} or {@link #isUserProfile}. */
    public static String modality(String graph) {
        return graph.substring((isItemContent(graph) ? ITEM_CONTENT : USER_PROFILE).length());
    }
}

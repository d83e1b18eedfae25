package dev.freshet.topic;

import dev.freshet.schema.NodeKind;
import java.util.Locale;

/** Keys of the topics whose key is more than one id; all are UTF-8 strings. Names of graphs and variants, and versions,
 * contain no colon. */
public final class Keys {

    private static final String ANSWER = "control-";

    private Keys() {}

    /** Key of {@code neighbors}: graph:node. */
    public static String neighbors(String graph, String node) {
        return graph + ':' + node;
    }

    /** Key of {@code embeddings} and {@code erasures}: user:id or item:id. */
    public static String node(NodeKind kind, String id) {
        return kind.name().toLowerCase(Locale.ROOT) + ':' + id;
    }

    /** Key of {@code model-embeddings}: version:user:id or version:item:id. */
    public static String modelEmbedding(String version, NodeKind kind, String id) {
        return version + ':' + node(kind, id);
    }

    /** Key of {@code model-embeddings} for a row of a parameter that nodes share: version:parameter:name:row. */
    public static String modelParameter(String version, String parameter, int row) {
        return version + ":parameter:" + parameter + ':' + row;
    }

    /** Key of {@code evaluations} of the trainer's answer to the command at an offset of {@code control}, where no training answers it. */
    public static String answer(long offset) {
        return ANSWER + offset;
    }

    /** Whether a run is the trainer's answer to a command, and no training. */
    public static boolean isAnswer(String run) {
        return run.startsWith(ANSWER);
    }

    /** Key of {@code shadow-recommendations}: variant:user. */
    public static String shadow(String variant, String user) {
        return variant + ':' + user;
    }
}

package dev.freshet.trainer.model;

import dev.freshet.graph.inductive.NodeEncoder;
import java.util.List;
import java.util.Map;

/**
 * What a {@link NodeEncoder} needs besides the settings.
 *
 * @param experts the experts, in the order of a state's blocks
 * @param users states of the users, one after the other
 * @param items states of the items, likewise
 * @param parameters affine maps by name: a row for each output, the constant last
 */
@SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
public record Inductive(List<String> experts, float[] users, float[] items, Map<String, float[][]> parameters) {}

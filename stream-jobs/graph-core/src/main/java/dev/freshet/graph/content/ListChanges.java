package dev.freshet.graph.content;

import java.util.List;

/**
 * What a flush changed.
 *
 * @param lists ids whose neighbors changed, ascending; those of a removed vector's id are none from now on
 * @param states ids whose {@link ContentNeighbors#listState} changed, ascending
 */
public record ListChanges(List<String> lists, List<String> states) {}

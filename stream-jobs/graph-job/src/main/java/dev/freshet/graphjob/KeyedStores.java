package dev.freshet.graphjob;

import dev.freshet.graph.content.ListStore;
import dev.freshet.graph.incremental.ChangeLog;
import dev.freshet.graph.incremental.ErasureStore;
import dev.freshet.graph.incremental.IdStore;
import dev.freshet.graph.incremental.NodeStore;
import dev.freshet.graph.incremental.PageStore;
import dev.freshet.graph.incremental.Shards;
import dev.freshet.topic.Keys;
import java.util.Map;
import org.apache.flink.api.common.state.KeyedStateStore;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateBackend;

/** The stores of graph-core in Flink's keyed state, whose key is the shard. They set the key; whoever else reads keyed state sets it again. */
final class KeyedStores {

    static final TypeInformation<byte[]> BYTES = PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;

    private final KeyedStateBackend<Integer> backend;
    private final KeyedStateStore store;
    private final KeyGroupRange shards;

    KeyedStores(KeyedStateBackend<Integer> backend, KeyedStateStore store) {
        this.backend = backend;
        this.store = store;
        this.shards = ((AbstractKeyedStateBackend<?>) backend).getKeyGroupRange();
    }

    /** Reading or writing the state backend failed: the task fails, and starts again from the last checkpoint. */
    static final class StateException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        StateException(Exception cause) {
            super("cannot access the state: " + cause.getMessage(), cause);
        }
    }

    private void at(int shard) {
        backend.setCurrentKey(ShardKeys.of(shard));
    }

    NodeStore nodes(String name) {
        MapState<Integer, byte[]> state = store.getMapState(new MapStateDescriptor<>(name, Types.INT, BYTES));
        return new NodeStore() {
            @Override
            public byte[] get(int node) {
                at(Shards.of(node));
                try {
                    return state.get(node);
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void put(int node, byte[] bytes) {
                at(Shards.of(node));
                try {
                    state.put(node, bytes);
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void remove(int node) {
                at(Shards.of(node));
                try {
                    state.remove(node);
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void forEach(NodeStore.Visitor visitor) {
                try {
                    for (int shard : shards) {
                        at(shard);
                        for (Map.Entry<Integer, byte[]> entry : state.entries()) {
                            visitor.visit(entry.getKey(), entry.getValue());
                        }
                    }
                } catch (StateException e) {
                    throw e;
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }
        };
    }

    ChangeLog changes(String name) {
        ListState<byte[]> state = store.getListState(new ListStateDescriptor<>(name, BYTES));
        return new ChangeLog() {
            @Override
            public void append(int shard, byte[] batch) {
                at(shard);
                try {
                    state.add(batch);
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void clear(int shard) {
                at(shard);
                state.clear();
            }

            @Override
            public void forEach(ChangeLog.Visitor visitor) {
                try {
                    for (int shard : shards) {
                        at(shard);
                        for (byte[] batch : state.get()) {
                            visitor.visit(shard, batch);
                        }
                    }
                } catch (StateException e) {
                    throw e;
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }
        };
    }

    PageStore pages(String name) {
        MapState<Long, byte[]> state = store.getMapState(new MapStateDescriptor<>(name, Types.LONG, BYTES));
        return new PageStore() {
            private long key(int node, int page) {
                at(Shards.of(node));
                return (long) node << 32 | page;
            }

            @Override
            public byte[] get(int node, int page) {
                try {
                    return state.get(key(node, page));
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void put(int node, int page, byte[] bytes) {
                try {
                    state.put(key(node, page), bytes);
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void remove(int node, int page) {
                try {
                    state.remove(key(node, page));
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }
        };
    }

    ErasureStore erasures(String name) {
        MapState<String, Long> times = store.getMapState(new MapStateDescriptor<>(name, Types.STRING, Types.LONG));
        return new ErasureStore() {
            @Override
            public void put(int shard, String digest, long upTo) {
                at(shard);
                try {
                    times.put(digest, upTo);
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void forEach(ErasureStore.Visitor visitor) {
                try {
                    for (int shard : shards) {
                        at(shard);
                        for (Map.Entry<String, Long> entry : times.entries()) {
                            visitor.visit(entry.getKey(), entry.getValue());
                        }
                    }
                } catch (StateException e) {
                    throw e;
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }
        };
    }

    ListStore lists(String name) {
        MapState<String, byte[]> state = store.getMapState(new MapStateDescriptor<>(name, Types.STRING, BYTES));
        return new ListStore() {
            @Override
            public void put(String graph, String id, byte[] bytes) {
                at(Shards.of(id));
                try {
                    state.put(Keys.neighbors(graph, id), bytes);
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void remove(String graph, String id) {
                at(Shards.of(id));
                try {
                    state.remove(Keys.neighbors(graph, id));
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void forEach(ListStore.Visitor visitor) {
                try {
                    for (int shard : shards) {
                        at(shard);
                        for (Map.Entry<String, byte[]> entry : state.entries()) {
                            int colon = entry.getKey().indexOf(':');
                            visitor.visit(
                                    entry.getKey().substring(0, colon),
                                    entry.getKey().substring(colon + 1),
                                    entry.getValue());
                        }
                    }
                } catch (StateException e) {
                    throw e;
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }
        };
    }

    IdStore ids(String name) {
        MapState<String, Integer> ids = store.getMapState(new MapStateDescriptor<>(name, Types.STRING, Types.INT));
        ValueState<Integer> sizes = store.getState(new ValueStateDescriptor<>(name + "-size", Types.INT));
        return new IdStore() {
            @Override
            public int get(String id) {
                at(Shards.of(id));
                try {
                    Integer dense = ids.get(id);
                    return dense == null ? -1 : dense;
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void put(String id, int dense) {
                int shard = Shards.of(id);
                try {
                    int added = added(shard);
                    ids.put(id, dense);
                    sizes.update(added + 1);
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void remove(String id) {
                at(Shards.of(id));
                try {
                    ids.remove(id);
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public int added(int shard) {
                at(shard);
                try {
                    Integer size = sizes.value();
                    return size == null ? 0 : size;
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }

            @Override
            public void forEach(IdStore.Visitor visitor) {
                try {
                    for (int shard : shards) {
                        at(shard);
                        for (Map.Entry<String, Integer> entry : ids.entries()) {
                            visitor.visit(entry.getKey(), entry.getValue());
                        }
                    }
                } catch (StateException e) {
                    throw e;
                } catch (Exception e) {
                    throw new StateException(e);
                }
            }
        };
    }
}

package dev.freshet.graphjob;

import java.util.Collection;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.StateInitializationContext;

/** The {@link ChainState}s of an operator; after a restart every subtask sees those of all, and takes its own. */
final class ChainStates {

    private final ListState<ChainState> state;

    ChainStates(StateInitializationContext context) throws Exception {
        state = context.getOperatorStateStore()
                .getUnionListState(new ListStateDescriptor<>("chains", Types.POJO(ChainState.class)));
    }

    Iterable<ChainState> restored() throws Exception {
        return state.get();
    }

    void save(Collection<? extends SnapshotChain<?>> chains) throws Exception {
        state.clear();
        for (SnapshotChain<?> chain : chains) {
            state.add(chain.state());
        }
    }
}

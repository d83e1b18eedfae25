package dev.freshet.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class LoopSummaryTest {

    @Test
    void aLoopThatHasJustStartedSaysWhatThereIsNotYet() throws Exception {
        assertThat(
                        print(
                                """
                {"state":"STARTING","at":"2026-11-28T15:00:00Z","events":{"total":0,"perSecond":0},"lag":0,"snapshot":null,
                 "model":null,"arms":[{"arm":"all","share":1,"version":null}],"training":null,"loading":null,"rescoring":{"version":"","done":0,"total":0}}"""))
                .contains("serving      starting", "snapshot     none yet", "model        none yet")
                .doesNotContain("training", "scoring anew", "graph ");
    }

    @Test
    void aRunningLoopShowsAlertsStagesAndGraphs() throws Exception {
        assertThat(
                        print(
                                """
                {"state":"RUNNING","at":"2026-11-28T15:00:00Z","events":{"total":16831,"perSecond":50.04},"lag":1200,
                 "freshnessMillis":{"p50":35.2,"p95":90,"p99":120.9},"users":1964,"items":1226,
                 "recommendations":{"total":20,"perSecond":3},
                 "graphs":{"item-jaccard":{"nodes":1226,"edges":12148}},
                 "snapshot":{"snapshotId":"snapshot-000000000004","createdAt":"2026-11-28T14:56:35Z","behind":17},
                 "arms":[{"arm":"all","share":1,"version":"20261128T145408Z-spumr","releasedAt":"2026-11-28T14:58:00Z","behind":223}],
                 "training":{"running":false},
                 "decision":{"run":"20261128T145408Z-spumr","accepted":false,"reason":"no better"},
                 "loading":{"version":"20261128T150000Z-spumr","read":50,"total":3000},
                 "rescoring":{"version":"x","done":1000,"total":1964},
                 "deadLetters":{"total":2},"alerts":[{"level":"warn","text":"1,200 events wait to be scored"}]}"""))
                .startsWith("warn: 1,200 events wait to be scored")
                .contains(
                        "interactions 16,831, 50.0/s; 1,200 wait to be scored",
                        "lists        20, 3.0/s; fresh after 35 ms (p50), 121 ms (p99)",
                        "snapshot     snapshot-000000000004, 3:25 ago; 17 interactions since its cut",
                        "model        20261128T145408Z-spumr, 2:00 ago; 223 interactions since its cut",
                        "training     20261128T145408Z-spumr was refused: no better",
                        "loading      20261128T150000Z-spumr, 50 of 3,000 embeddings",
                        "scoring anew 1,000 of 1,964 users",
                        "dead letters 2",
                        "item-jaccard  1,226  12,148");
    }

    @Test
    void ofASplitEachArmHasALine() throws Exception {
        assertThat(
                        print(
                                """
                {"at":"2026-11-28T15:00:00Z",
                 "arms":[{"arm":"lightgcn","share":0.2,"version":null},
                         {"arm":"spumr","share":0.8,"version":"v1","releasedAt":"2026-11-28T14:58:00Z","behind":-1}]}"""))
                .contains("arm lightgcn 20 %, none yet", "arm spumr    80 %, v1, 2:00 ago")
                .doesNotContain("model ");
    }

    private static String print(String status) throws Exception {
        StringWriter text = new StringWriter();
        LoopSummary.print(new PrintWriter(text, true), new ObjectMapper().readTree(status));
        return text.toString();
    }
}

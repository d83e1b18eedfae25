package dev.freshet.graphjob;

import dev.freshet.topic.Topic;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The graph job on a Flink cluster, whose configuration decides on state backend, checkpoints, parallelism and restarts. */
@Command(
        name = "graph-job",
        mixinStandardHelpOptions = true,
        description =
                "The graph job on a Flink cluster; the cluster's configuration decides on checkpoints and parallelism.")
public final class GraphJobMain implements Callable<Integer> {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Mixin
    private JobOptions options;

    @Option(
            names = "--snapshots",
            required = true,
            paramLabel = "URI",
            description =
                    "Folder of the snapshot files, of this loop alone, on a file system that every TaskManager and the trainer have: file:///…")
    private String snapshots;

    private GraphJobMain() {}

    public static void main(String[] args) {
        int code = JobOptions.execute(new GraphJobMain(), args);
        if (code != 0) {
            // A cluster's entry point runs this method in its own process and reports what it throws.
            throw new IllegalArgumentException("graph-job ended with code " + code);
        }
    }

    @Override
    public Integer call() throws Exception {
        GraphJob.Settings settings = options.settings(spec.commandLine(), snapshots);
        Topics.await(
                settings.bootstrap(),
                new CountDownLatch(1),
                Topic.INTERACTIONS,
                Topic.ITEMS,
                Topic.ERASURES,
                Topic.CONTROL);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        GraphJob.build(env, settings);
        env.executeAsync("freshet graph job");
        return 0;
    }
}

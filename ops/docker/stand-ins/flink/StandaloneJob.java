import java.io.File;
import org.apache.flink.api.common.JobID;
import org.apache.flink.client.deployment.application.ApplicationClusterEntryPoint;
import org.apache.flink.client.program.DefaultPackagedProgramRetriever;
import org.apache.flink.client.program.PackagedProgram;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.configuration.PipelineOptionsInternal;
import org.apache.flink.runtime.entrypoint.ClusterEntrypoint;
import org.apache.flink.runtime.resourcemanager.StandaloneResourceManagerFactory;

/**
 * The entry point of {@code standalone-job}: Flink's own lies in its distribution, which Maven Central does not have. Arguments:
 * configuration folder, folder of the job's jars, the job's class, the job's arguments.
 */
public final class StandaloneJob extends ApplicationClusterEntryPoint {

    private StandaloneJob(Configuration configuration, PackagedProgram program) {
        super(configuration, program, StandaloneResourceManagerFactory.getInstance());
    }

    public static void main(String[] arguments) throws Exception {
        Configuration configuration = GlobalConfiguration.loadConfiguration(arguments[0]);
        if (configuration.get(PipelineOptionsInternal.PIPELINE_FIXED_JOB_ID) == null) {
            configuration.set(PipelineOptionsInternal.PIPELINE_FIXED_JOB_ID, new JobID(0, 0).toHexString());
        }
        String[] jobArguments = java.util.Arrays.copyOfRange(arguments, 3, arguments.length);
        PackagedProgram program = DefaultPackagedProgramRetriever.create(
                        new File(arguments[1]), arguments[2], jobArguments, configuration)
                .getPackagedProgram();
        configureExecution(configuration, program);
        ClusterEntrypoint.runClusterEntrypoint(new StandaloneJob(configuration, program));
    }
}

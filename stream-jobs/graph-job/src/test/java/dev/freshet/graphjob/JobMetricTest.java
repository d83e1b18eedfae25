package dev.freshet.graphjob;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.apache.flink.metrics.MetricGroup;
import org.junit.jupiter.api.Test;

class JobMetricTest {

    private static final Set<String> REGISTERING = Set.of("counter", "gauge", "histogram", "meter");

    @Test
    void noMetricIsRegisteredElsewhere() {
        noClasses()
                .that()
                .doNotBelongToAnyOf(JobMetric.class)
                .should()
                .callMethodWhere(describe("it registers a metric", JobMetricTest::registers))
                .because("docs/metrics.md is written from JobMetric")
                .check(new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackagesOf(JobMetric.class));
    }

    private static boolean registers(JavaMethodCall call) {
        return call.getTargetOwner().isAssignableTo(MetricGroup.class) && REGISTERING.contains(call.getName());
    }
}

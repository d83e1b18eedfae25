package dev.freshet.trainer.model;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AutogradTest {

    /** Operations whose other operand autograd keeps for the backward pass. */
    private static final Set<String> KEEPING =
            Set.of("mul", "div", "mod", "pow", "muli", "divi", "modi", "powi", "maximum", "minimum", "clip");

    @Test
    void noNumberIsFreedBeforeTheBackwardPass() {
        noClasses()
                .should()
                .callMethodWhere(describe("the target frees its number", AutogradTest::freesItsNumber))
                .because("gradients would be wrong after a garbage collection: use Autograd.times")
                .check(new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackagesOf(Autograd.class));
    }

    private static boolean freesItsNumber(JavaMethodCall call) {
        return call.getTargetOwner().getPackageName().startsWith("ai.djl")
                && KEEPING.contains(call.getName())
                && call.getTarget().getRawParameterTypes().stream().anyMatch(type -> type.isEquivalentTo(Number.class));
    }
}

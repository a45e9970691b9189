// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static com.tngtech.archunit.core.domain.JavaModifier.PROTECTED;
import static com.tngtech.archunit.core.domain.JavaModifier.PUBLIC;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.github.gracefulnetty.activation.Activation;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The picture in docs/architecture.md, enforced. */
class ArchitectureTest {
    private static final String ROOT = "io.github.gracefulnetty";
    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    @Test
    void shouldHaveArrowsInOneDirectionOnly() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("api")
                .definedBy(ROOT)
                .layer("upgrade")
                .definedBy(ROOT + ".internal.upgrade")
                .layer("handoff")
                .definedBy(ROOT + ".handoff")
                .layer("connections")
                .definedBy(ROOT + ".internal.connections")
                .layer("listener")
                .definedBy(ROOT + ".internal.listener")
                .layer("transfer")
                .definedBy(ROOT + ".internal.transfer")
                .layer("wire")
                .definedBy(ROOT + ".internal.wire")
                .layer("process")
                .definedBy(ROOT + ".internal.process")
                .layer("descriptor")
                .definedBy(ROOT + ".internal.descriptor")
                .layer("activation")
                .definedBy(ROOT + ".activation")
                .layer("protocols")
                .definedBy(ROOT + ".internal.protocols")
                .layer("connection")
                .definedBy(ROOT + ".connection")
                .layer("natives")
                .definedBy(ROOT + ".internal.transport")
                .layer("transport")
                .definedBy(ROOT + ".transport")
                .whereLayer("api")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("upgrade")
                .mayOnlyBeAccessedByLayers("api")
                .whereLayer("handoff")
                .mayOnlyBeAccessedByLayers("api", "upgrade")
                .whereLayer("connections")
                .mayOnlyBeAccessedByLayers("api", "upgrade")
                .whereLayer("listener")
                .mayOnlyBeAccessedByLayers("api", "upgrade", "handoff", "connections")
                .whereLayer("transfer")
                .mayOnlyBeAccessedByLayers("api", "upgrade", "handoff", "connections", "listener")
                .whereLayer("wire")
                .mayOnlyBeAccessedByLayers("api", "upgrade", "handoff", "connections", "listener", "transfer")
                .whereLayer("process")
                .mayOnlyBeAccessedByLayers(
                        "api", "upgrade", "handoff", "connections", "listener", "transfer", "activation")
                .whereLayer("descriptor")
                .mayOnlyBeAccessedByLayers(
                        "api",
                        "upgrade",
                        "handoff",
                        "connections",
                        "listener",
                        "transfer",
                        "activation",
                        "wire",
                        "process")
                .whereLayer("activation")
                .mayOnlyBeAccessedByLayers("upgrade")
                .whereLayer("protocols")
                .mayOnlyBeAccessedByLayers("connections")
                .whereLayer("protocols")
                .mayOnlyAccessLayers("connection")
                .whereLayer("connection")
                .mayNotAccessAnyLayer()
                .whereLayer("natives")
                .mayOnlyAccessLayers("transport")
                .whereLayer("transport")
                .mayNotAccessAnyLayer()
                .check(classes);
    }

    @Test
    void shouldHaveNoCyclesBetweenPackages() {
        slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(classes);
    }

    /** {@link Activation} is public for the runtime alone. */
    @Test
    void shouldShowNothingInternalInTheApi() {
        codeUnits()
                .that()
                .areDeclaredInClassesThat()
                .resideOutsideOfPackage(ROOT + ".internal..")
                .and()
                .areDeclaredInClassesThat()
                .arePublic()
                .and()
                .areNotDeclaredIn(Activation.class)
                .and(are(modifier(PUBLIC).or(modifier(PROTECTED))))
                .should(showNothingInternal())
                .check(classes);
    }

    private static ArchCondition<JavaCodeUnit> showNothingInternal() {
        return new ArchCondition<>("show nothing internal") {
            @Override
            public void check(JavaCodeUnit unit, ConditionEvents events) {
                Set<JavaClass> shown = new HashSet<>(unit.getReturnType().getAllInvolvedRawTypes());
                unit.getParameterTypes().forEach(type -> shown.addAll(type.getAllInvolvedRawTypes()));
                shown.stream()
                        .filter(type -> type.getPackageName().startsWith(ROOT + ".internal"))
                        .forEach(type -> events.add(SimpleConditionEvent.violated(
                                unit, unit.getDescription() + " shows " + type.getName())));
            }
        };
    }

    @Test
    void shouldNeverNameANativeTransport() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty.channel.epoll..", "io.netty.channel.kqueue..")
                .check(classes);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
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
                .layer("listener")
                .definedBy(ROOT + ".internal.listener")
                .layer("process")
                .definedBy(ROOT + ".internal.process")
                .layer("activation")
                .definedBy(ROOT + ".activation")
                .layer("drain")
                .definedBy(ROOT + ".drain")
                .layer("handoff")
                .definedBy(ROOT + ".handoff")
                .layer("transport")
                .definedBy(ROOT + ".transport")
                .whereLayer("api")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("listener")
                .mayOnlyBeAccessedByLayers("api")
                .whereLayer("activation")
                .mayOnlyBeAccessedByLayers("api")
                .whereLayer("drain")
                .mayOnlyBeAccessedByLayers("api", "listener")
                .whereLayer("process")
                .mayOnlyBeAccessedByLayers("api", "listener")
                .whereLayer("handoff")
                .mayOnlyBeAccessedByLayers("api", "listener", "activation")
                .check(classes);
    }

    @Test
    void shouldHaveNoCyclesBetweenPackages() {
        slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(classes);
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

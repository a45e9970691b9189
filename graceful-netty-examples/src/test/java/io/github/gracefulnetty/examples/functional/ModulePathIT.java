// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The library as modules, with either Netty line. */
class ModulePathIT {
    private static final String CORE = "io.github.gracefulnetty";
    private static final String EPOLL = "io.github.gracefulnetty.epoll";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldInheritTheListenerOfAModularProgram() throws IOException {
        RunningProcess server = processes.start(ModulePath.modularServer(directory));
        ServerGeneration first = server.awaitReady(1);
        assertThat(answer(first)).isEqualTo("generation 1 of modular");
        List<Long> sockets = List.copyOf(Proc.tcpListeners(first.pid()).values());

        first.hup();
        ServerGeneration second = server.awaitReady(2);
        first.awaitEnd();

        assertThat(second.address()).isEqualTo(first.address());
        assertThat(Proc.tcpListeners(second.pid()).values()).hasSize(1).hasSameElementsAs(sockets);
        assertThat(answer(second)).isEqualTo("generation 2 of modular");
    }

    @Test
    void shouldExportTheApiAndNothingElse() {
        assertThat(exported(CORE))
                .containsExactlyInAnyOrder(
                        CORE, CORE + ".activation", CORE + ".connection", CORE + ".handoff", CORE + ".transport");
        assertThat(exported(EPOLL)).isEmpty();
    }

    @Test
    void shouldOpenNothingToReflection() {
        assertThat(List.of(module(CORE), module(EPOLL)))
                .allSatisfy(module -> assertThat(module.getPackages()).noneMatch(module::isOpen));
    }

    private static List<String> exported(String name) {
        Module module = module(name);
        assertThat(module.getPackages()).as("packages of " + module).isNotEmpty();
        return module.getPackages().stream().filter(module::isExported).toList();
    }

    /** As a JVM that has it on its module path would define it. */
    private static Module module(String name) {
        Configuration configuration =
                ModuleLayer.boot().configuration().resolve(ModulePath.finder(), ModuleFinder.of(), Set.of(name));
        return ModuleLayer.boot()
                .defineModulesWithOneLoader(configuration, null)
                .findModule(name)
                .orElseThrow();
    }

    private static String answer(ServerGeneration server) throws IOException {
        try (Socket socket =
                new Socket(server.address().getAddress(), server.address().getPort())) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The library with epoll and the Netty that the tests run with, as modules: from the class path of the tests. */
final class ModulePath {
    private static final String NATIVES = "io.netty.transport.epoll.linux.";

    private ModulePath() {}

    /** All modules of the library and of Netty. */
    static ModuleFinder finder() {
        return ModuleFinder.of(entries().toArray(Path[]::new));
    }

    private static List<Path> entries() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, 0))
                .map(Path::of)
                .filter(entry -> ModuleFinder.of(entry).findAll().stream().anyMatch(ModulePath::isOurs))
                .toList();
    }

    private static boolean isOurs(ModuleReference module) {
        String name = module.descriptor().name();
        return name.startsWith("io.github.gracefulnetty") || name.startsWith("io.netty.");
    }

    /**
     * Compiles the program under {@code modular} in the resources into {@code directory}.
     *
     * @return what starts it
     */
    static JavaCommand modularServer(Path directory) {
        String libraries = join(entries());
        List<String> arguments = new ArrayList<>(
                List.of("--module-path", libraries, "-d", directory.toString(), source("modular/module-info.java")));
        arguments.add(source("modular/modular/Server.java"));
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        int status =
                ToolProvider.findFirst("javac").orElseThrow().run(writer, writer, arguments.toArray(String[]::new));
        if (status != 0) {
            throw new AssertionError("javac " + String.join(" ", arguments) + ":\n" + output);
        }
        return JavaCommand.modulePath(libraries + File.pathSeparator + directory, natives(), "modular/modular.Server");
    }

    /** Nobody requires them: an application names them itself. */
    private static String natives() {
        return finder().findAll().stream()
                .map(module -> module.descriptor().name())
                .filter(name -> name.startsWith(NATIVES))
                .collect(Collectors.joining(","));
    }

    private static String join(List<Path> paths) {
        return paths.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    private static String source(String name) {
        try {
            return Path.of(Objects.requireNonNull(
                                    ModulePath.class.getClassLoader().getResource(name))
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}

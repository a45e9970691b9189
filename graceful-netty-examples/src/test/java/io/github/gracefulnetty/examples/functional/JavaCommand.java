// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What starts a JVM: small, of the version that runs the tests unless another one is asked for. Not thread-safe. */
public final class JavaCommand {
    private final List<String> prefix = new ArrayList<>();
    private final List<String> flags = new ArrayList<>();
    private final List<String> program;
    private final List<String> arguments;
    private final Map<String, @Nullable String> environment = new HashMap<>();
    private @Nullable Path directory;
    private Path java = java();
    private int version = Runtime.version().feature();

    private JavaCommand(List<String> program, String... arguments) {
        this.program = program;
        this.arguments = new ArrayList<>(List.of(arguments));
        flags.addAll(List.of(
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UseDynamicNumberOfCompilerThreads",
                "-Dio.netty.leakDetection.level=advanced"));
    }

    /** The example server, from its jar, as a user starts it. */
    static JavaCommand http(String... options) {
        return example("http", "--host", "127.0.0.1").with(options);
    }

    /** The examples' command line. */
    static JavaCommand example(String... arguments) {
        return jar(jar(), arguments);
    }

    /** The examples' command line, from a copy of their jar. */
    public static JavaCommand jar(Path jar, String... arguments) {
        return new JavaCommand(List.of("-jar", jar.toString()), arguments);
    }

    /** A main class of the tests, with the examples' jar on its class path behind them. */
    static JavaCommand main(Class<?> main, String... arguments) {
        return classPath(testClasses() + ":" + jar(), main, arguments);
    }

    /** A main class and where it and all that it needs are. */
    public static JavaCommand classPath(String classPath, Class<?> main, String... arguments) {
        return new JavaCommand(List.of("-cp", classPath, main.getName()), arguments);
    }

    /** The main class of a module, where it and all that it needs are, and the modules that nobody requires. */
    static JavaCommand modulePath(String modulePath, String modules, String main) {
        return new JavaCommand(List.of("--module-path", modulePath, "--add-modules", modules, "--module", main));
    }

    public static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    public static Path jar() {
        Path jar = testClasses().resolveSibling("graceful-netty-examples.jar");
        if (!Files.exists(jar)) {
            throw new AssertionError(jar + " is missing: these tests run after the package phase");
        }
        return jar;
    }

    static Path testClasses() {
        try {
            return Path.of(JavaCommand.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** More arguments. */
    public JavaCommand with(String... more) {
        arguments.addAll(List.of(more));
        return this;
    }

    /** More options of the JVM. */
    public JavaCommand jvm(String... more) {
        flags.addAll(List.of(more));
        return this;
    }

    /** Another JVM than that of the tests. */
    JavaCommand on(NewerJava newer) {
        java = newer.java();
        version = newer.version();
        return this;
    }

    /** The program that starts the JVM, and its arguments. */
    JavaCommand through(String... program) {
        prefix.addAll(List.of(program));
        return this;
    }

    public JavaCommand environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    JavaCommand withoutEnvironment(String name) {
        environment.put(name, null);
        return this;
    }

    JavaCommand in(Path directory) {
        this.directory = directory;
        return this;
    }

    List<String> command() {
        List<String> command = new ArrayList<>(prefix);
        command.add(java.toString());
        if (version >= 24) {
            // Netty loads natives and uses Unsafe; later JVMs say so on standard error, where tests look for less.
            command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        }
        command.addAll(flags);
        command.addAll(program);
        command.addAll(arguments);
        return command;
    }

    ProcessBuilder toProcessBuilder() {
        ProcessBuilder builder = new ProcessBuilder(command());
        environment.forEach((name, value) -> {
            if (value == null) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
        if (directory != null) {
            builder.directory(directory.toFile());
        }
        return builder;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Starts JVMs as a user who may do nothing special, from a copy of the programs that this user may read. */
final class Unprivileged {
    static final int UID = 65_534;

    private final int uid;
    private final Path jar;
    private final Path classes;
    private final Path temporary;

    /** @param directory where the copy is made; it is given to the user */
    Unprivileged(Path directory) throws IOException {
        this(directory, UID);
    }

    /** Like the other constructor, for a user that may have a number of its own. */
    Unprivileged(Path directory, int uid) throws IOException {
        this.uid = uid;
        jar = Files.copy(JavaCommand.jar(), directory.resolve("examples.jar"));
        classes = directory.resolve("classes");
        copy(JavaCommand.testClasses(), classes);
        temporary = Files.createDirectory(directory.resolve("tmp"));
        give(temporary, uid);
        give(directory, uid);
    }

    /** Skips a test where this cannot be done. */
    static void assumePossible() throws IOException {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
                "only root can start a process of another user");
        for (String program : List.of("setpriv", "prlimit")) {
            assumeTrue(Files.isExecutable(Path.of("/usr/bin", program)), program + " is missing: install util-linux");
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    /** Makes a file or a directory the user's. */
    static void give(Path file) throws IOException {
        give(file, UID);
    }

    private static void give(Path file, int uid) throws IOException {
        Files.setAttribute(file, "unix:uid", uid);
    }

    /** What starts a main class of the tests as this user, with so many descriptors. */
    ProcessBuilder main(Class<?> main, int descriptors, String... arguments) {
        String id = Integer.toString(uid);
        ProcessBuilder builder = JavaCommand.main(main, arguments)
                .through("prlimit", "--nofile=" + descriptors + ":" + descriptors)
                .through("setpriv", "--reuid", id, "--regid", id, "--clear-groups")
                .jvm("-Djava.io.tmpdir=" + temporary)
                .toProcessBuilder();
        String original = JavaCommand.jar() + ":" + JavaCommand.testClasses();
        builder.command().replaceAll(word -> word.equals(original) ? jar + ":" + classes : word);
        return builder;
    }
}

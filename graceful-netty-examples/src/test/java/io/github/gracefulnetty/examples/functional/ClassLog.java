// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The classes that server processes load, which the JVM logs to a file for each process in a directory. */
record ClassLog(Path directory) {
    private static final String PRELOADED = "io.github.gracefulnetty.internal.upgrade.Preload$Done";

    /** A class of ours or of Netty's from the class path: neither from the CDS archive, nor made at run time. */
    private static final Pattern LOADED =
            Pattern.compile("(?:\\[[^\\]]*] ?)*(io\\.(?:netty|github\\.gracefulnetty)\\.\\S+) source: (?:file|jar):.*");

    private static final String EXAMPLES = "io.github.gracefulnetty.examples.";

    /** The same command; its process and their successors log. */
    JavaCommand log(JavaCommand command) {
        return command.jvm("-Xlog:class+load=info:file=" + directory.resolve("classes-%p.log") + ":none:filecount=0");
    }

    /** Waits until a process has loaded what an upgrade needs. */
    void awaitPreloaded(ServerGeneration process) {
        Await.until(
                "preload of " + process, () -> lines(process).stream().anyMatch(line -> line.startsWith(PRELOADED)));
    }

    /** How much a process has logged so far. */
    int mark(ServerGeneration process) {
        return lines(process).size();
    }

    /** Which classes of ours and of Netty's a process has loaded from the class path since. */
    List<String> loadedSince(int mark, ServerGeneration process) {
        List<String> lines = lines(process);
        return lines.subList(mark, lines.size()).stream()
                .map(LOADED::matcher)
                .filter(Matcher::matches)
                .map(loaded -> loaded.group(1))
                .filter(name -> !name.startsWith(EXAMPLES))
                .sorted()
                .distinct()
                .toList();
    }

    private List<String> lines(ServerGeneration process) {
        Path log = directory.resolve("classes-" + process.pid() + ".log");
        try {
            String text = Files.exists(log) ? new String(Files.readAllBytes(log), StandardCharsets.UTF_8) : "";
            return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the pids of this process mean something: a pid namespace, such as a container has one of its own, of this host, since
 * it was started.
 */
final class PidNamespace {
    /** Of its mark. */
    static final int DIGITS = 3;

    private static final String OWN =
            mark(link(Path.of("/proc/self/ns/pid")), text(Path.of("/proc/sys/kernel/random/boot_id")));

    private PidNamespace() {}

    /** A short mark; others hardly ever have the same. */
    static String own() {
        return OWN;
    }

    static String mark(String namespace, String start) {
        int hash = (namespace + ' ' + start).hashCode();
        return Digits.of(hash ^ (hash >>> (DIGITS * 6)), DIGITS);
    }

    private static String link(Path path) {
        try {
            return Files.readSymbolicLink(path).toString();
        } catch (IOException e) {
            return ""; // a system that has one namespace only, or does not tell
        }
    }

    private static String text(Path path) {
        try {
            return Files.readString(path).strip();
        } catch (IOException e) {
            return "";
        }
    }
}

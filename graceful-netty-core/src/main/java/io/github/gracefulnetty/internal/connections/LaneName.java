// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import org.jspecify.annotations.Nullable;

/** The names under which the ends of lanes travel among the descriptors of an upgrade. */
final class LaneName {
    private static final String PREFIX = "graceful-netty/lane/";
    private static final String BYTES = "/bytes";
    private static final String DESCRIPTORS = "/descriptors";

    private LaneName() {}

    static String bytes(int lane) {
        return PREFIX + lane + BYTES;
    }

    static String descriptors(int lane) {
        return PREFIX + lane + DESCRIPTORS;
    }

    static boolean isOne(String name) {
        return name.startsWith(PREFIX);
    }

    /** The name of the other end that goes with this byte connection; {@code null} if it is none. */
    static @Nullable String descriptorsOf(String bytes) {
        return bytes.endsWith(BYTES) ? bytes.substring(0, bytes.length() - BYTES.length()) + DESCRIPTORS : null;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.Graceful;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Listens nowhere, and tells what arguments Java gave it, as a digest. Upgraded by HUP; TERM stops it. */
final class ArgumentsServer {
    private ArgumentsServer() {}

    public static void main(String... arguments) throws Exception {
        Graceful graceful =
                Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM").build();
        graceful.ready().join();
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                + " address=" + digest(arguments));
        graceful.awaitExit();
    }

    /** Of the arguments as Java sees them. */
    static String digest(String... arguments) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (String argument : arguments) {
            digest.update((argument + '\0').getBytes(StandardCharsets.UTF_16));
        }
        return arguments.length + "/" + HexFormat.of().formatHex(digest.digest());
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.security.SecureRandom;
import java.util.Random;

/**
 * A TCP port of 127.0.0.1 for those tests that have to name one. It is none of those that the kernel gives to outgoing
 * connections, so nobody takes it by chance before the server does.
 */
final class FreePort {
    private static final int FIRST = 15_000;
    private static final int COUNT = 15_000;
    private static final Random RANDOM = new SecureRandom();

    private FreePort() {}

    static int find() {
        while (true) {
            int port = FIRST + RANDOM.nextInt(COUNT);
            try (ServerSocket probe = new ServerSocket()) {
                probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return port;
            } catch (IOException e) {
                // taken: the next one
            }
        }
    }
}

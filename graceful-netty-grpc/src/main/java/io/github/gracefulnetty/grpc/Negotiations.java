// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.grpc;

import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Connections that do not speak HTTP/2 yet, mostly because of their TLS handshake: a shutdown would just close those. */
final class Negotiations {
    private static final long LOOK_MILLIS = 5;

    private Negotiations() {}

    /** Blocks until all are through or closed, {@code most} has passed, or {@code givenUp}. */
    static void await(Collection<Channel> connections, Duration most, BooleanSupplier givenUp)
            throws InterruptedException {
        long begun = System.nanoTime();
        List<Channel> left = new ArrayList<>(connections);
        left.removeIf(Negotiations::isOver);
        while (!left.isEmpty() && !givenUp.getAsBoolean() && System.nanoTime() - begun < most.toNanos()) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            left.removeIf(Negotiations::isOver);
        }
    }

    /** Pipelines may be looked at from any thread. */
    private static boolean isOver(Channel connection) {
        return !connection.isOpen() || connection.pipeline().context(Http2ConnectionHandler.class) != null;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.internal.transport.NativeTransports;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a runtime needs first: a transport and its control loop. A successor may have it made, and the classes of a
 * handoff loaded, on a thread of its own while the application does something else.
 */
public record Preparation(NativeTransports.Found found, ControlLoop control) {
    private static @Nullable CompletableFuture<Preparation> begun;

    /** Begins on a daemon thread, if this process was started by a predecessor. Later calls change nothing. */
    public static void begin() {
        if (System.getenv(PredecessorTicket.VARIABLE) != null) {
            beginNow();
        }
    }

    public static synchronized void beginNow() {
        if (begun != null) {
            return;
        }
        CompletableFuture<Preparation> result = new CompletableFuture<>();
        begun = result;
        Thread thread = new Thread("graceful-netty-prepare") {
            @Override
            public void run() {
                try {
                    Preparation made = make();
                    result.complete(made);
                    made.loadHandoff();
                } catch (Throwable t) {
                    result.completeExceptionally(t); // the runtime meets the same failure, and reports it
                }
            }
        };
        thread.setDaemon(true);
        thread.start();
    }

    /** What was begun, for the first who asks, else a new one. */
    public static Preparation take() {
        CompletableFuture<Preparation> ours;
        synchronized (Preparation.class) {
            ours = begun;
            begun = null;
        }
        return ours == null ? make() : ours.join();
    }

    private static Preparation make() {
        NativeTransports.Found found = NativeTransports.find();
        return new Preparation(found, NativeCalls.unchecked(() -> new ControlLoop(found.transport())));
    }

    /** Makes a connection and drops it: most of Netty's classes are loaded then. */
    private void loadHandoff() {
        NativeTransport transport = found.transport();
        if (transport != null) {
            Channel connection = NativeCalls.unchecked(transport::newConnection);
            connection.pipeline().addLast(new MessageHandler());
            connection.unsafe().closeForcibly();
        }
    }
}

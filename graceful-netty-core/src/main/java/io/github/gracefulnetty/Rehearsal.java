// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.drain.ConnectionTracker;
import io.github.gracefulnetty.drain.Drain;
import io.github.gracefulnetty.drain.DrainResult;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * A connection from this process to its own handoff socket, and a drain of nothing. They load the classes of a handoff and
 * of what follows, for which the first successor would have to wait.
 */
final class Rehearsal {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    private Rehearsal() {}

    /** Drains nothing. On the control loop. */
    static CompletableFuture<DrainResult> drain(ControlLoop control) {
        return new Drain(new ConnectionTracker(), control.loop()).start(TIMEOUT);
    }

    /** Connects, and says that it was nothing; then the other side hangs up. On the control loop. */
    static ChannelFuture begin(NativeTransport transport, ControlLoop control, Path path) throws IOException {
        Channel channel = transport.newConnection();
        channel.pipeline().addLast(new MessageHandler());
        control.register(channel);
        channel.connect(new DomainSocketAddress(path.toString())).addListener((ChannelFutureListener) connected -> {
            if (connected.isSuccess()) {
                channel.writeAndFlush(new Message.Abort("rehearsal"));
            } else {
                channel.close(); // who listens there is full; the successor will tell
            }
        });
        return channel.closeFuture();
    }
}

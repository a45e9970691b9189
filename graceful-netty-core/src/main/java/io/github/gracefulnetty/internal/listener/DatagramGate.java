// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The first handler of a datagram channel: lets it read only while the {@link ListenerRegister} lets sockets read. While
 * it does not, a {@code read()} waits, and auto-read is off.
 */
final class DatagramGate extends ChannelOutboundHandlerAdapter implements OpenSocket {
    private final ListenerRegister register;
    private final Channel channel;
    private @Nullable SocketItem item;
    private SocketPath path = SocketPath.none();

    // On the event loop
    private @Nullable ChannelHandlerContext context;
    private boolean paused;
    private boolean readRequested;
    private boolean autoRead;

    DatagramGate(ListenerRegister register, Channel channel) {
        this.register = register;
        this.channel = channel;
    }

    /** The socket is what {@code item} says; from now on it is handed over. */
    void opened(SocketItem opened, SocketPath itsPath) {
        item = opened;
        path = itsPath;
        channel.closeFuture().addListener(closed -> {
            register.closed(this);
            path.remove();
        });
        register.connections()
                .track(
                        channel,
                        AcceptedConnections.EACH); // after that: when the last one is gone, the process may be, too
        register.opened(this);
        followRegister(); // the switch may have been turned meanwhile
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
    }

    @Override
    public void read(ChannelHandlerContext reading) {
        if (register.accepting(this)) {
            reading.read();
        } else {
            readRequested = true;
        }
    }

    @Override
    public CompletableFuture<Void> followRegister() {
        return Loops.run(channel.eventLoop(), this::follow);
    }

    private void follow() {
        ChannelHandlerContext reading = context;
        if (!channel.isOpen() || reading == null) {
            return;
        }
        if (!register.accepting(this)) {
            if (!paused) {
                paused = true;
                autoRead = channel.config().isAutoRead();
                channel.config().setAutoRead(false);
            }
            return;
        }
        if (paused) {
            paused = false;
            channel.config().setAutoRead(autoRead);
        }
        if (readRequested) {
            readRequested = false;
            reading.read();
        }
    }

    @Override
    public DescriptorSender.@Nullable Item item() {
        return item;
    }

    @Override
    public String describe() {
        return item == null ? channel.toString() : item.description().toString();
    }

    @Override
    public void keepPath(boolean keep) {
        path.keep(keep);
    }

    @Override
    public void removePath() {
        path.remove();
    }

    /** Nothing: it was paused, and answers that are under way still go out through it. The drain closes it. */
    @Override
    public CompletableFuture<Void> closeSocket() {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> closeWhenQueueIsEmpty() {
        return closeSocket();
    }

    @Override
    public void end() {
        channel.close();
    }
}

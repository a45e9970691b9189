// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * How a draining connection closes, whoever closes it: what was written is sent, then our direction ends, and the client is
 * given time to end its own. Closing both directions while bytes arrive (a WINDOW_UPDATE is enough) would make the kernel
 * answer with a reset, which destroys what the client has not received yet. And Netty's HTTP/2 handler closes when the last
 * stream has ended, even if its answer was written and not flushed.
 */
public final class LingeringClose extends ChannelDuplexHandler implements OwnHandler {
    /** How long the client may take to close its side when it has received everything, before ours does. */
    private static final long LINGER_MILLIS = 2_000;

    private final Predicate<Channel> delivered;
    private final long lingerMillis;
    private boolean closing;

    LingeringClose(Predicate<Channel> delivered, long lingerMillis) {
        this.delivered = delivered;
        this.lingerMillis = lingerMillis;
    }

    /**
     * Puts itself between the connection and all of its handlers. On the connection's loop.
     *
     * @param delivered whether the client's side has received all that was sent
     * @return {@code false} if it is there already
     */
    public static boolean install(Channel connection, Predicate<Channel> delivered) {
        ChannelPipeline pipeline = connection.pipeline();
        if (pipeline.get(LingeringClose.class) != null) {
            return false;
        }
        pipeline.addFirst(new LingeringClose(delivered, LINGER_MILLIS));
        return true;
    }

    /** It is not to end after all: from now on a close is one, unless it is closing. On the connection's loop. */
    public static void uninstall(Channel connection) {
        uninstall(connection, true);
    }

    /** From now on a close is one. On the connection's loop. */
    static void cut(Channel connection) {
        uninstall(connection, false);
    }

    private static void uninstall(Channel connection, boolean keepsClosing) {
        ChannelPipeline pipeline = connection.pipeline();
        LingeringClose lingering = pipeline.get(LingeringClose.class);
        if (lingering != null && !(keepsClosing && lingering.closing)) {
            pipeline.remove(lingering);
        }
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        Channel channel = context.channel();
        channel.closeFuture().addListener(closed -> {
            if (!promise.isVoid()) {
                promise.trySuccess();
            }
        });
        if (!closing) {
            closing = true;
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
                if (written.isSuccess() && channel instanceof DuplexChannel duplex && !duplex.isInputShutdown()) {
                    linger(context, duplex);
                } else {
                    context.close();
                }
            });
        }
    }

    private void linger(ChannelHandlerContext context, DuplexChannel channel) {
        channel.shutdownOutput().addListener(shut -> {
            if (shut.isSuccess()) {
                ReadPause.end(channel);
                channel.config().setAutoRead(true);
                awaitEnd(context);
            } else {
                context.close();
            }
        });
    }

    private void awaitEnd(ChannelHandlerContext context) {
        Channel channel = context.channel();
        Runnable expire = () -> {
            if (delivered.test(channel)) {
                context.close();
            } else {
                awaitEnd(context); // at most until the drain's deadline
            }
        };
        var timer = channel.eventLoop().schedule(expire, lingerMillis, TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> timer.cancel(false));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (closing) {
            ReferenceCountUtil.release(message);
        } else {
            context.fireChannelRead(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (!closing) {
            context.fireChannelReadComplete();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (closing && event instanceof ChannelInputShutdownEvent) {
            context.close();
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (closing) {
            context.close(); // the client has reset it: there is nobody to wait for
        } else {
            context.fireExceptionCaught(cause);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.unix.FileDescriptor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a transfer: announces each descriptor on the byte connection and sends it on the descriptor
 * connection, never more than {@link MessageCodec#WINDOW} ahead of what was acknowledged. On one event loop.
 */
public final class DescriptorSender {
    /** Something that is sent. It stays its owner's to close. */
    public interface Item {
        /** What it is, for the receiver and for messages. */
        ListenerDescription description();

        /** Its descriptor now; {@code null} if it was closed meanwhile. */
        @Nullable
        FileDescriptor descriptor();
    }

    /** How it ends. On the event loop. */
    public interface Events {
        /** The receiver has everything. */
        void sent();

        void failed(String reason);
    }

    private final Channel bytes;
    private final Channel lane;
    private final List<? extends Item> items;
    private final Events events;
    private int sent;
    private int acknowledged;
    private boolean complete;

    public DescriptorSender(Channel bytes, Channel lane, List<? extends Item> items, Events events) {
        this.bytes = bytes;
        this.lane = lane;
        this.items = List.copyOf(items);
        this.events = events;
    }

    /** Says how many there are, and sends the first ones. */
    public void start() {
        bytes.writeAndFlush(new Message.Manifest(items.size()));
        sendMore();
    }

    /** The receiver has so many. */
    public void received(Message.Received received) {
        if (received.count() <= acknowledged || received.count() > sent) {
            throw new ProtocolException("says that it has " + received.count() + " listeners, " + sent + " were sent");
        }
        acknowledged = received.count();
        sendMore();
    }

    /** How many there are. */
    public int count() {
        return items.size();
    }

    /** How many the receiver has. */
    public int acknowledged() {
        return acknowledged;
    }

    private void sendMore() {
        while (sent < items.size() && sent - acknowledged < MessageCodec.WINDOW) {
            Item item = items.get(sent);
            FileDescriptor descriptor = item.descriptor();
            if (descriptor == null) {
                events.failed(item.description() + " was closed while the listeners were sent");
                return;
            }
            bytes.writeAndFlush(new Message.Descriptor(sent, item.description()));
            sent++;
            lane.writeAndFlush(descriptor).addListener((ChannelFutureListener) written -> {
                if (!written.isSuccess()) {
                    events.failed("cannot send the descriptor of " + item.description() + ": " + written.cause());
                }
            });
        }
        if (acknowledged == items.size() && !complete) {
            complete = true;
            events.sent();
        }
    }
}

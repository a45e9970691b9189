// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import io.netty.channel.Channel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a transfer: announces each descriptor on the byte connection and sends it on the descriptor
 * connection, never more than {@link MessageCodec#WINDOW} ahead of what was acknowledged. On one event loop.
 */
public final class DescriptorSender {
    /** Something that is sent. It stays its owner's to close. Whatever one of these methods throws ends the transfer. */
    public interface Item {
        /** What it is, for the receiver and for messages. */
        Description description();

        /** What its owner adds. */
        Bytes metadata();

        /**
         * Its descriptor now; {@code null} if it was closed meanwhile.
         *
         * @throws IOException if there is no way to send it
         */
        @Nullable
        FileDescriptor descriptor() throws IOException;

        /** The kernel has taken {@code descriptor}, or nobody needs it any more. Follows each {@link #descriptor()}, whatever that did. */
        default void done() {}
    }

    /** The receiver has closed the way that descriptors go. Why, it says elsewhere, if it says it. */
    public static final class LaneLost extends IOException {
        private static final long serialVersionUID = 1L;

        LaneLost(String message) {
            super(message);
        }
    }

    /** The way that descriptors go. */
    public interface Lane {
        /**
         * Sends one.
         *
         * @return {@code false} if there is no room for it until something has been received
         * @throws LaneLost if none can be sent any more
         * @throws IOException if this one cannot be sent
         */
        boolean send(FileDescriptor descriptor) throws IOException;
    }

    /** How it ends. On the event loop. What they throw reaches the caller of the method that led there. */
    public interface Events {
        /** The receiver has everything that was added so far. */
        void sent();

        void failed(String reason);

        /** None can be sent any more: the receiver does not take them. */
        default void laneLost(String reason) {
            failed(reason);
        }
    }

    private static final int RETRY_MILLIS = 10;
    private static final int MAX_RETRIES = 300;

    private final Channel bytes;
    private final MessageHandler messages;
    private final Lane lane;
    private final Queue<Item> unsent = new ArrayDeque<>(); // what was sent is its owner's to keep
    private final Events events;
    private int count;
    private int sent;
    private int acknowledged;
    private int retries;
    private boolean over;
    private boolean sending;

    /** @param bytes the byte connection, with a {@link MessageHandler} */
    public DescriptorSender(Channel bytes, Lane lane, Events events) {
        this.bytes = bytes;
        this.messages = MessageHandler.of(bytes);
        this.lane = lane;
        this.events = events;
    }

    /** Says how many more there are, and sends the first ones. */
    public void add(List<? extends Item> more) {
        unsent.addAll(more);
        count += more.size();
        messages.write(new Message.Manifest(more.size()));
        sendMore();
        endIfAllAreThere();
    }

    /** The receiver has so many. */
    public void received(Message.Received received) {
        if (received.count() <= acknowledged || received.count() > sent) {
            throw new ProtocolException(
                    "says that it has " + received.count() + " descriptors, " + sent + " were sent");
        }
        acknowledged = received.count();
        sendMore();
        endIfAllAreThere();
    }

    /** How many were added so far. */
    public int count() {
        return count;
    }

    /** How many the receiver has. */
    public int acknowledged() {
        return acknowledged;
    }

    private void endIfAllAreThere() {
        if (acknowledged == count && !over) {
            events.sent();
        }
    }

    /** Sends nothing more. */
    void close() {
        over = true;
    }

    /** Sends as many as may be on their way now; to be called again whenever the byte connection has room. */
    void sendMore() {
        if (sending) {
            return;
        }
        sending = true; // a flush may find room at once, and lead here again
        try {
            boolean room = bytes.isOpen();
            for (Item next = unsent.peek();
                    room && next != null && !over && sent - acknowledged < MessageCodec.WINDOW;
                    next = unsent.peek()) {
                // What the receiver does not read is not kept here: each may come with much metadata.
                room = hasRoom() && send(next);
                if (room) {
                    unsent.remove();
                }
                if (sent % MessageCodec.STEP == 0) {
                    messages.flush();
                }
            }
            messages.flush();
        } finally {
            sending = false;
        }
    }

    private boolean hasRoom() {
        if (!bytes.isWritable()) {
            messages.flush();
        }
        return bytes.isWritable();
    }

    /** Whether another one may follow. */
    private boolean send(Item item) {
        try {
            try {
                return send(item, item.descriptor());
            } finally {
                item.done();
            }
        } catch (LaneLost e) {
            over = true;
            events.laneLost(Reasons.of(e));
            return false;
        } catch (Throwable t) {
            over = true;
            events.failed("cannot send the descriptor of " + what(item) + ": " + Reasons.of(t));
            return false;
        }
    }

    private boolean send(Item item, @Nullable FileDescriptor descriptor) throws IOException {
        if (descriptor == null) {
            messages.write(new Message.Withdrawn(sent++));
            return true;
        }
        if (!lane.send(descriptor)) {
            return noRoom();
        }
        // Its owner may have closed it meanwhile, on another thread: then the number may have meant another file.
        if (!descriptor.isOpen()) {
            throw new IOException("it was closed at this very moment");
        }
        retries = 0;
        messages.write(new Message.Descriptor(sent++, item.description(), item.metadata()));
        return true;
    }

    /** Whatever is on its way to the receiver makes room when it arrives; if nothing is, room is taken by somebody else. */
    private boolean noRoom() throws IOException {
        if (sent > acknowledged) {
            return false;
        }
        if (++retries > MAX_RETRIES) {
            throw new IOException(
                    "the kernel takes no more: too many descriptors of this user are on their way (as many as one"
                            + " process may have open), see ulimit -n");
        }
        bytes.eventLoop().schedule(this::sendMore, RETRY_MILLIS, TimeUnit.MILLISECONDS);
        return false;
    }

    /** Not even that can be relied on: it may be what has failed. */
    private static String what(Item item) {
        try {
            return item.description().toString();
        } catch (Throwable t) {
            return "what cannot be described";
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.channel.unix.FileDescriptor;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * The receiving half of a transfer: brings what was announced on the byte connection and what has arrived on the
 * descriptor connection together, in order, and verifies it. Owns every descriptor until it gives it away. On one event
 * loop.
 *
 * <p>A method that throws {@link ProtocolException} found a violation: the transfer is over, and the caller closes this.
 */
public final class DescriptorReceiver implements AutoCloseable {
    /** Who gets what was received, in order. */
    @FunctionalInterface
    public interface Sink {
        /** The descriptor is the sink's from now on, unless this throws. */
        void received(Inherited inherited);

        /** Whether it is the sink that verifies what it gets: nobody has looked at it before then. */
        default boolean verifies() {
            return false;
        }

        /** Whether the transfer goes on when this process has no room for a descriptor: see {@link #lost}. */
        default boolean survivesLoss() {
            return false;
        }

        /** There was no room for this one; the sender still has it. */
        default void lost(int index) {}
    }

    /** EMSGSIZE of Linux: what Netty says when the kernel has dropped a descriptor because there is no number for it. */
    private static final int NO_ROOM = -90;

    private final NativeTransport transport;
    private final Sink sink;

    // A Descriptor or a Withdrawn
    private final Deque<Message> announced = new ArrayDeque<>();

    // Empty for one that was lost
    private final Deque<Optional<OwnedDescriptor>> arrived = new ArrayDeque<>();
    private int count;
    private int expected = -1;
    private boolean over;

    public DescriptorReceiver(NativeTransport transport, Sink sink) {
        this.transport = transport;
        this.sink = sink;
    }

    /** Whether this process has as many descriptors open as it may, so that one that was sent is lost. */
    static boolean isWithoutRoom(Throwable failure) {
        return Reasons.unwrap(failure) instanceof NativeIoException e && e.expectedErr() == NO_ROOM;
    }

    /** Why a descriptor that was sent could not be received, for a person. */
    public static String whyNotReceived(Throwable failure) {
        String reason = "receiving descriptors failed: " + Reasons.of(failure);
        return isWithoutRoom(failure)
                ? reason + ": this process may have no more descriptors open, see ulimit -n"
                : reason;
    }

    /** How many more will come. */
    public void manifest(Message.Manifest manifest) {
        long total = Math.max(0, expected) + (long) manifest.descriptors();
        if (total > MessageCodec.MAX_DESCRIPTORS) {
            throw new ProtocolException("the predecessor announced " + total + " descriptors, at most "
                    + MessageCodec.MAX_DESCRIPTORS + " are allowed");
        }
        expected = (int) total;
    }

    /** What the next one is. */
    public void announced(Message.Descriptor descriptor) {
        announced(descriptor, descriptor.index());
    }

    /** The next one does not come. */
    public void withdrawn(Message.Withdrawn withdrawn) {
        announced(withdrawn, withdrawn.index());
    }

    private void announced(Message message, int number) {
        int due = count + announced.size();
        if (number != due || due >= expected) {
            throw new ProtocolException("the predecessor announced descriptor " + number + " where " + due + " of "
                    + Math.max(0, expected) + " was due");
        }
        announced.add(message); // its descriptor may be on its way
        match();
        checkAhead(announced.size(), "announced");
    }

    /** One has come; it is this receiver's from now on, whatever happens. */
    public void arrived(FileDescriptor descriptor) {
        OwnedDescriptor owned = new OwnedDescriptor(descriptor);
        if (over) {
            close(owned);
            return;
        }
        arrived.add(Optional.of(owned)); // its announcement may be on its way
        match();
        checkAhead(arrived.size(), "sent");
    }

    /** Who waits for {@link Message.Received}, as it should, never has more than a window on the way, on either connection. */
    private static void checkAhead(int waiting, String done) {
        if (waiting > MessageCodec.WINDOW) {
            throw new ProtocolException(
                    "the predecessor " + done + " more than " + MessageCodec.WINDOW + " descriptors ahead");
        }
    }

    /** One was sent and could not be received. {@code false} if that ends the transfer. */
    boolean lost() {
        if (over || !sink.survivesLoss()) {
            return false;
        }
        arrived.add(Optional.empty());
        match();
        checkAhead(arrived.size(), "sent");
        return true;
    }

    private void match() {
        while (!over) {
            Message next = announced.peek();
            if (next instanceof Message.Withdrawn) {
                announced.remove();
                count++;
            } else if (next instanceof Message.Descriptor descriptor && !arrived.isEmpty()) {
                announced.remove();
                count++; // the sink may say at once what became of it, and with that how many are here
                Optional<OwnedDescriptor> owned = arrived.remove();
                if (owned.isPresent()) {
                    give(descriptor, owned.get());
                } else {
                    sink.lost(descriptor.index());
                }
            } else {
                return;
            }
        }
    }

    private void give(Message.Descriptor announcement, OwnedDescriptor owned) {
        try {
            if (!sink.verifies()) {
                Verification.verify(transport, owned.number(), announcement.description());
            }
            sink.received(
                    new Inherited(announcement.index(), announcement.description(), announcement.metadata(), owned));
        } catch (Throwable t) {
            try {
                owned.close(); // unless the sink has found another owner before it failed
            } catch (UncheckedIOException e) {
                t.addSuppressed(e);
            }
            throw t;
        }
    }

    /** How many have arrived and were given away, or were withdrawn. */
    public int count() {
        return count;
    }

    /** How many will come, -1 before that is known. */
    public int expected() {
        return expected;
    }

    /** Whether all that were announced so far are here. */
    public boolean isComplete() {
        return count == expected;
    }

    /** Whether there are descriptors that were not announced, so far. */
    public boolean hasMore() {
        return !arrived.isEmpty();
    }

    /** Closes what was not given away, and whatever comes late. One that cannot be closed is logged. */
    @Override
    public void close() {
        over = true;
        for (Optional<OwnedDescriptor> descriptor; (descriptor = arrived.poll()) != null; ) {
            descriptor.ifPresent(DescriptorReceiver::close);
        }
    }

    private static void close(OwnedDescriptor owned) {
        try {
            owned.close();
        } catch (UncheckedIOException e) {
            LOGGER.warn("graceful-netty: {}", Reasons.root(e)); // the others are closed all the same
        }
    }
}

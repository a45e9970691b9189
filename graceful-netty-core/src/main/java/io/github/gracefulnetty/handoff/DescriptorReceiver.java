// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.unix.FileDescriptor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The receiving half of a transfer: brings what was announced on the byte connection and what has arrived on the
 * descriptor connection together, in order, and verifies it. Owns every descriptor until it is taken. On one event loop.
 *
 * <p>A method that throws {@link ProtocolException} found a violation: the transfer is over, and the caller closes this.
 */
public final class DescriptorReceiver implements AutoCloseable {
    private final NativeTransport transport;
    private final Deque<ListenerDescription> announced = new ArrayDeque<>();
    private final Deque<OwnedDescriptor> arrived = new ArrayDeque<>();
    private List<InheritedListener> received = new ArrayList<>();
    private int count;
    private int expected = -1;
    private boolean over;

    public DescriptorReceiver(NativeTransport transport) {
        this.transport = transport;
    }

    /** How many will come. */
    public void manifest(Message.Manifest manifest) {
        if (expected >= 0) {
            throw new ProtocolException("the predecessor sent two manifests");
        }
        expected = manifest.listeners();
    }

    /** What the next one is. */
    public void announced(Message.Descriptor descriptor) {
        int index = count + announced.size();
        if (descriptor.index() != index || index >= expected) {
            throw new ProtocolException("the predecessor announced listener " + descriptor.index() + " where " + index
                    + " of " + expected + " was due");
        }
        announced.add(descriptor.listener());
        match();
    }

    /** One has come; it is this receiver's from now on, whatever happens. */
    public void arrived(FileDescriptor descriptor) {
        OwnedDescriptor owned = new OwnedDescriptor(descriptor);
        if (over || isComplete()) {
            owned.close();
            throw new ProtocolException("the predecessor sent a descriptor that it had not announced");
        }
        arrived.add(owned);
        if (arrived.size() > MessageCodec.WINDOW) {
            throw new ProtocolException("the predecessor sent more than " + MessageCodec.WINDOW + " descriptors ahead");
        }
        match();
    }

    private void match() {
        while (!announced.isEmpty() && !arrived.isEmpty()) {
            Verification.verify(transport, arrived.element().number(), announced.element());
            received.add(new InheritedListener(announced.remove(), arrived.remove()));
            count++;
        }
    }

    /** How many have arrived and were verified. */
    public int count() {
        return count;
    }

    /** How many will come, -1 before that is known. */
    public int expected() {
        return expected;
    }

    /** Whether all are here. */
    public boolean isComplete() {
        return count == expected;
    }

    /** Those that are here and were not taken before; their descriptors are the caller's. */
    public List<InheritedListener> take() {
        List<InheritedListener> taken = received;
        received = new ArrayList<>();
        return taken;
    }

    /** Closes what was not taken, and whatever comes late. */
    @Override
    public void close() {
        over = true;
        for (InheritedListener listener : take()) {
            listener.descriptor().close();
        }
        for (OwnedDescriptor descriptor : arrived) {
            descriptor.close();
        }
        arrived.clear();
    }
}

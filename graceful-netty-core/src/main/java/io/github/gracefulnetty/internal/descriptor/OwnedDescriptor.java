// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.descriptor;

import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A descriptor that this process received, with exactly one owner: whoever holds this object, until {@link #release()}
 * passes the duty to close it on to somebody else. Safe for use by several threads.
 */
public final class OwnedDescriptor implements AutoCloseable {
    private final FileDescriptor descriptor;
    private final AtomicBoolean owned = new AtomicBoolean(true);

    public OwnedDescriptor(FileDescriptor descriptor) {
        this.descriptor = descriptor;
    }

    /** The number, for a look at the descriptor; it stays owned. */
    public int number() {
        return descriptor.intValue();
    }

    /**
     * Gives up ownership: the caller closes the descriptor from now on.
     *
     * @throws IllegalStateException if it was released or closed before
     */
    public int release() {
        if (!owned.compareAndSet(true, false)) {
            throw new IllegalStateException("descriptor " + descriptor.intValue() + " has another owner already");
        }
        return descriptor.intValue();
    }

    /**
     * Moves the ownership to a new object; this one closes nothing any more.
     *
     * @throws IllegalStateException if it was released or closed before
     */
    public OwnedDescriptor moved() {
        release();
        return new OwnedDescriptor(descriptor);
    }

    /**
     * Makes a channel of it, which owns the descriptor from now on.
     *
     * @throws IOException if there can be no such channel; the descriptor is closed then
     * @throws IllegalStateException if it was released or closed before
     */
    public Channel adopt(NativeTransport transport, DescriptorKind kind) throws IOException {
        int number = release();
        try {
            return transport.adopt(kind, number);
        } catch (Throwable t) {
            UnixSockets.closeBecause(t, descriptor);
            throw t;
        }
    }

    /** Closes the descriptor if it is still owned. */
    @Override
    public void close() {
        if (owned.compareAndSet(true, false)) {
            try {
                descriptor.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot close descriptor " + descriptor.intValue(), e);
            }
        }
    }
}

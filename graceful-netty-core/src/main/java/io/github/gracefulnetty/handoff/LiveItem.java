// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.Verification;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A descriptor that is sent as it is. It is described when its turn comes, by what the kernel says. */
final class LiveItem implements DescriptorSender.Item {
    /** Tells what a descriptor is. */
    @FunctionalInterface
    interface Look {
        SocketFacts at(NativeTransport transport, FileDescriptor descriptor) throws IOException;
    }

    private final NativeTransport transport;
    private final Supplier<@Nullable FileDescriptor> source;
    private final Look look;
    private final Predicate<DescriptorKind> kind;
    private final String does;
    private final String name;
    private final Bytes metadata;
    private Description description;

    /**
     * @param look tells what it is, if not every kind is right
     * @param does what a descriptor of the right kind does, for messages; empty if every kind is right
     */
    LiveItem(
            NativeTransport transport,
            Supplier<@Nullable FileDescriptor> source,
            Look look,
            Predicate<DescriptorKind> kind,
            String does,
            String name,
            Bytes metadata) {
        this.transport = transport;
        this.source = source;
        this.look = look;
        this.kind = kind;
        this.does = does;
        this.name = name;
        this.metadata = metadata;
        this.description = new Description(DescriptorKind.OTHER, null, name, null, null, null);
    }

    @Override
    public Description description() {
        return description;
    }

    @Override
    public Bytes metadata() {
        return metadata;
    }

    @Override
    public @Nullable FileDescriptor descriptor() throws IOException {
        FileDescriptor descriptor = source.get();
        if (descriptor == null || !descriptor.isOpen()) {
            return null;
        }
        try {
            description = describe(descriptor);
        } catch (IOException e) {
            if (!descriptor.isOpen()) {
                return null; // its owner has closed it while it was looked at
            }
            throw e;
        }
        if (!kind.test(description.kind())) {
            throw new IOException("it is not a socket that " + does);
        }
        return descriptor;
    }

    private Description describe(FileDescriptor descriptor) throws IOException {
        if (does.isEmpty()) {
            return Verification.describe(transport, descriptor.intValue(), name);
        }
        return Description.of(look.at(transport, descriptor), name);
    }
}

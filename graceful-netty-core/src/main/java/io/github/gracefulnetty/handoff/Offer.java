// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.github.gracefulnetty.internal.process.OpenFiles;
import io.github.gracefulnetty.internal.process.OwnDescriptors;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.FileItem;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One descriptor that receivers get a copy of, with a name and metadata. The original stays its owner's, who closes it;
 * one that is closed before its turn is left out. Immutable: the same offer may be made to any number of receivers.
 */
public final class Offer {
    /** Makes what is sent, for one receiver. */
    @FunctionalInterface
    private interface Source {
        DescriptorSender.Item item(NativeTransport transport, String name, Bytes metadata) throws IOException;
    }

    private static final LiveItem.Look KERNEL = (transport, descriptor) -> transport.inspect(descriptor.intValue());

    private final Source source;
    private final String name;
    private final Bytes metadata;

    private Offer(Source source, String name, Bytes metadata) {
        this.source = source;
        this.name = name;
        this.metadata = metadata;
    }

    /**
     * A listening channel of a native transport, or one that a {@code GracefulBootstrap} bound. Both processes accept from
     * the same queue; each connection goes to one of them.
     *
     * @throws IllegalArgumentException if {@code channel} has no descriptor that can be passed
     */
    public static Offer listener(Channel channel) {
        return socket(channel, DescriptorKind::isListener, "listens");
    }

    /**
     * A live connection of a native transport. The bytes that this process has read already stay here: switch auto-read
     * off first, on the connection's event loop, and tell the receiver in the metadata what it has to know. Close the
     * channel when the receiver has its copy ({@link Offering#received}); closing one copy does not end the connection.
     *
     * @throws IllegalArgumentException if {@code channel} has no descriptor that can be passed
     */
    public static Offer connection(Channel channel) {
        return socket(channel, DescriptorKind::isConnection, "is one connection");
    }

    /**
     * A datagram channel of a native transport, connected or not. Both processes read from the same queue; each datagram
     * goes to one of them. Multicast memberships belong to the socket and are kept.
     *
     * @throws IllegalArgumentException if {@code channel} has no descriptor that can be passed
     */
    public static Offer datagram(Channel channel) {
        return socket(channel, DescriptorKind::isDatagram, "takes datagrams");
    }

    /**
     * A regular file. It is opened once more for each receiver, with the offset that it has then: afterwards the offsets
     * move apart. Linux only.
     *
     * <p>Others may read and write through {@code file} meanwhile. A lock that this process holds on it stays its own: as long
     * as it does, one more descriptor of the file stays open for each receiver.
     *
     * @throws IOException if it is no regular file, or this system does not tell its descriptor
     */
    public static Offer file(FileChannel file) throws IOException {
        int number = OpenFiles.number(file);
        return new Offer(
                (transport, name, metadata) -> new FileItem(DescriptorKind.FILE, number, file::isOpen, name, metadata),
                "",
                Bytes.NONE);
    }

    /**
     * Any descriptor. A regular file or a pipe is opened once more for each receiver, so that this process's flags stay as
     * they are. Everything else is passed as it is, and becomes non-blocking for everybody who shares it.
     */
    public static Offer descriptor(FileDescriptor descriptor) {
        return new Offer(
                (transport, name, metadata) -> {
                    return switch (type(descriptor)) {
                        case FILE -> file(DescriptorKind.FILE, descriptor, name, metadata);
                        case PIPE -> file(DescriptorKind.PIPE, descriptor, name, metadata);
                        case OTHER ->
                            new LiveItem(transport, () -> descriptor, KERNEL, kind -> true, "", name, metadata);
                    };
                },
                "",
                Bytes.NONE);
    }

    private static OwnDescriptors.Type type(FileDescriptor descriptor) throws IOException {
        try {
            boolean tells = OwnDescriptors.supported() && descriptor.isOpen();
            return tells ? OwnDescriptors.type(descriptor.intValue()) : OwnDescriptors.Type.OTHER;
        } catch (IOException e) {
            if (descriptor.isOpen()) {
                throw e;
            }
            return OwnDescriptors.Type.OTHER; // closed meanwhile: it will be left out
        }
    }

    private static FileItem file(DescriptorKind kind, FileDescriptor descriptor, String name, Bytes metadata) {
        return new FileItem(kind, descriptor.intValue(), descriptor::isOpen, name, metadata);
    }

    private static Offer socket(Channel channel, Predicate<DescriptorKind> kind, String does) {
        if (channel instanceof ListenerChannel lateBinding) {
            return live(lateBinding::descriptor, KERNEL, kind, does);
        }
        if (channel instanceof UnixChannel unix) {
            return live(unix::fd, (transport, descriptor) -> transport.inspect(unix), kind, does);
        }
        throw new IllegalArgumentException(channel.getClass().getSimpleName()
                + " has no descriptor that can be passed: use the channels of epoll or kqueue");
    }

    private static Offer live(
            Supplier<@Nullable FileDescriptor> source,
            LiveItem.Look look,
            Predicate<DescriptorKind> kind,
            String does) {
        return new Offer(
                (transport, name, metadata) -> new LiveItem(transport, source, look, kind, does, name, metadata),
                "",
                Bytes.NONE);
    }

    /** The same under a name, at most 4,096 bytes of UTF-8. */
    public Offer named(String newName) {
        int length = newName.getBytes(StandardCharsets.UTF_8).length;
        if (length > MessageCodec.MAX_STRING) {
            throw new IllegalArgumentException(
                    "a name has at most " + MessageCodec.MAX_STRING + " bytes, this one " + length);
        }
        return new Offer(source, newName, metadata);
    }

    /**
     * The same with metadata: bytes that are the application's own.
     *
     * @throws IllegalArgumentException if that is more than 65,536 bytes
     */
    public Offer with(byte[] newMetadata) {
        if (newMetadata.length > Metadata.MAX_BYTES) {
            throw new IllegalArgumentException("metadata has at most " + Metadata.MAX_BYTES + " bytes, this one "
                    + newMetadata.length + ": send more as application state");
        }
        return new Offer(source, name, Bytes.of(newMetadata.clone()));
    }

    /**
     * The same with a map as metadata, in its order: for each entry the key and the value, each as a two-byte length and that
     * many bytes of UTF-8. {@link ReceivedDescriptor#metadataMap} reads it.
     *
     * @throws IllegalArgumentException if that is more than 65,536 bytes
     */
    public Offer with(Map<String, String> newMetadata) {
        return with(Metadata.of(newMetadata));
    }

    DescriptorSender.Item item(NativeTransport transport) throws IOException {
        return source.item(transport, name, metadata);
    }
}

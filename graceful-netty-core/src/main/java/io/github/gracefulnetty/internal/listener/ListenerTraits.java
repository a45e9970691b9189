// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.wire.Fields;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What one generation tells the next one about a socket, as the metadata of its descriptor.
 *
 * @param requested the address that was asked for; differs from the one it is bound to when that was port 0
 * @param removePath whether the process that closes it last removes its path; {@code false} for the internet, abstract
 *     names and sockets that belong to a service manager
 */
record ListenerTraits(@Nullable SocketAddress requested, boolean removePath) {
    Bytes toBytes() {
        if (requested == null) {
            return Bytes.NONE;
        }
        ByteBuf out = Unpooled.buffer();
        out.writeBoolean(removePath);
        Fields.writeAddress(requested, out);
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        return Bytes.of(bytes);
    }

    /** @throws ProtocolException if the metadata is not what {@link #toBytes} wrote */
    static ListenerTraits of(Inherited inherited) {
        if (inherited.metadata().length() == 0) {
            return new ListenerTraits(inherited.description().local(), false);
        }
        ByteBuf in = Unpooled.wrappedBuffer(inherited.metadata().array());
        try {
            boolean removePath = in.readBoolean();
            ListenerTraits traits = new ListenerTraits(Fields.readAddress(in), removePath);
            if (in.isReadable()) {
                throw new ProtocolException(in.readableBytes() + " bytes too many");
            }
            return traits;
        } catch (IndexOutOfBoundsException | ProtocolException e) {
            throw new ProtocolException("the metadata of " + inherited.description()
                    + " was not written by graceful-netty: " + e.getMessage());
        }
    }
}

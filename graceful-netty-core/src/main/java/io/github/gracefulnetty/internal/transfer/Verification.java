// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.descriptor.Addresses;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.FileMode;
import io.github.gracefulnetty.internal.process.OwnDescriptors;
import io.github.gracefulnetty.internal.wire.ProtocolException;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Tells what a descriptor is, and checks that it is what was announced. Nothing is trusted because it came from a socket of ours. */
public final class Verification {
    private Verification() {}

    /**
     * What the kernel says that a descriptor is.
     *
     * @throws IOException if it is not open
     */
    public static Description describe(NativeTransport transport, int descriptor, String name) throws IOException {
        OwnDescriptors.Type type =
                OwnDescriptors.supported() ? OwnDescriptors.type(descriptor) : OwnDescriptors.Type.OTHER;
        if (type != OwnDescriptors.Type.OTHER) {
            return new Description(
                    type == OwnDescriptors.Type.FILE ? DescriptorKind.FILE : DescriptorKind.PIPE,
                    null,
                    name,
                    null,
                    null,
                    OwnDescriptors.mode(descriptor));
        }
        SocketFacts facts;
        try {
            facts = transport.inspect(descriptor);
        } catch (IOException e) {
            return new Description(DescriptorKind.OTHER, null, name, null, null, null);
        }
        return facts.kind().isSocket()
                ? Description.of(facts, name)
                : new Description(DescriptorKind.OTHER, null, name, null, null, null);
    }

    /** @throws ProtocolException if the descriptor is not what {@code announced} describes */
    public static void verify(NativeTransport transport, int descriptor, Description announced) {
        DescriptorKind kind = announced.kind();
        try {
            if (kind.isSocket()) {
                verifySocket(transport.inspect(descriptor), announced);
            } else if (kind != DescriptorKind.OTHER) {
                verifyFile(descriptor, announced);
            }
        } catch (IOException e) {
            throw new ProtocolException("announced " + announced + ", but it is not a "
                    + (kind.isSocket() ? "socket" : kind) + ": " + Reasons.of(e));
        }
    }

    /**
     * The same of a connection that was adopted as what was announced: does not ask for what its channel has asked for
     * already.
     *
     * @throws ProtocolException see above
     */
    public static void verify(NativeTransport transport, UnixChannel adopted, Description announced) {
        SocketAddress local = adopted.localAddress();
        if (announced.kind() != DescriptorKind.TCP_CONNECTION || local == null) {
            verify(transport, adopted.fd().intValue(), announced);
            return;
        }
        try {
            DescriptorKind kind = transport.kindOf(adopted);
            verifySocket(new SocketFacts(kind, announced.family(), local, adopted.remoteAddress()), announced);
        } catch (IOException e) {
            throw new ProtocolException("announced " + announced + ", but it is not a socket: " + Reasons.of(e));
        }
    }

    private static void verifySocket(SocketFacts facts, Description announced) {
        DescriptorKind kind = announced.kind();
        if (kind.isListener() && facts.kind() != kind && !facts.kind().isListener()) {
            throw new ProtocolException("announced " + announced + ", but it does not listen");
        }
        if (facts.kind() != kind || facts.family() != announced.family()) {
            throw new ProtocolException("announced " + announced + ", but it is of another kind");
        }
        if (!agrees(facts.local(), announced.local())) {
            throw new ProtocolException("announced " + announced + ", but it is bound to " + text(facts.local()));
        }
        // A connection may have ended meanwhile: then it has no remote address any more, and its reader will see the
        // end.
        boolean ended = kind.isConnection() && facts.remote() == null;
        if (!ended && !agrees(facts.remote(), announced.remote())) {
            throw new ProtocolException("announced " + announced + ", but it is connected to " + text(facts.remote()));
        }
    }

    private static boolean agrees(@Nullable SocketAddress actual, @Nullable SocketAddress announced) {
        if (actual == null || announced == null) {
            return actual == announced;
        }
        return Addresses.same(actual, announced);
    }

    private static String text(@Nullable SocketAddress address) {
        return address == null ? "nothing" : Addresses.format(address);
    }

    private static void verifyFile(int descriptor, Description announced) throws IOException {
        OwnDescriptors.Type type = OwnDescriptors.type(descriptor);
        FileMode actual = OwnDescriptors.mode(descriptor);
        FileMode mode = announced.mode();
        boolean right =
                type == (announced.kind() == DescriptorKind.FILE ? OwnDescriptors.Type.FILE : OwnDescriptors.Type.PIPE);
        if (!right || mode == null) {
            throw new ProtocolException("announced " + announced + ", but it is of another kind");
        }
        if (actual.readable() != mode.readable() || actual.writable() != mode.writable()) {
            throw new ProtocolException("announced " + announced + ", but it is open in another mode");
        }
    }
}

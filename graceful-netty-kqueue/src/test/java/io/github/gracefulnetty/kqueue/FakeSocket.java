// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import io.netty.channel.ChannelException;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Answers as the Darwin kernel does, by its sources, and gives nonsense where Netty does not look at the family. */
final class FakeSocket implements KernelSocket {
    private static final InetSocketAddress NO_INTERNET_ADDRESS = InetSocketAddress.createUnresolved("nonsense", 1);
    private static final DomainSocketAddress NO_UNIX_ADDRESS = new DomainSocketAddress("\u001f\u0090");

    private static final int SO_TYPE = 0x1008;

    private final Map<Option, byte[]> options = new HashMap<>();
    private boolean ipv6;
    private boolean closed;
    private @Nullable InetSocketAddress local = NO_INTERNET_ADDRESS;
    private @Nullable InetSocketAddress remote = NO_INTERNET_ADDRESS;
    private @Nullable DomainSocketAddress localUnix = NO_UNIX_ADDRESS;
    private @Nullable DomainSocketAddress remoteUnix = NO_UNIX_ADDRESS;

    private record Option(int level, int name) {}

    private FakeSocket(int type) {
        option(0xffff, SO_TYPE, type, 0, 0, 0);
    }

    static FakeSocket stream() {
        return new FakeSocket(1);
    }

    static FakeSocket datagram() {
        return new FakeSocket(2);
    }

    static FakeSocket raw() {
        return new FakeSocket(3);
    }

    /** @param state a state of {@code <netinet/tcp_fsm.h>} */
    FakeSocket tcp(int state) {
        // The window scales and the options come next; the fourth byte is padding.
        return option(6, 0x106, state, 6, 6, 0);
    }

    FakeSocket udp() {
        return option(17, 1, 0, 0, 0, 0);
    }

    /** A unix socket ignores the level of an option. */
    FakeSocket peerCredentials() {
        for (int level : new int[] {0, 6, 17}) {
            option(level, 1, 0, 0, 0, 0);
        }
        return this;
    }

    FakeSocket ipv6() {
        ipv6 = true;
        return this;
    }

    FakeSocket closed() {
        closed = true;
        return this;
    }

    FakeSocket internet(@Nullable InetSocketAddress local, @Nullable InetSocketAddress remote) {
        this.local = local;
        this.remote = remote;
        return this;
    }

    FakeSocket unix(@Nullable String local, @Nullable String remote) {
        localUnix = local == null ? null : new DomainSocketAddress(local);
        remoteUnix = remote == null ? null : new DomainSocketAddress(remote);
        return this;
    }

    private FakeSocket option(int level, int name, int... bytes) {
        byte[] value = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            value[i] = (byte) bytes[i];
        }
        options.put(new Option(level, name), value);
        return this;
    }

    @Override
    public boolean isIpv6() {
        return ipv6;
    }

    @Override
    public int getIntOpt(int level, int name) throws IOException {
        return value(level, name)[0];
    }

    @Override
    public void getRawOpt(int level, int name, ByteBuffer value) throws IOException {
        value.put(value(level, name), 0, value.remaining());
    }

    private byte[] value(int level, int name) throws IOException {
        byte[] value = options.get(new Option(level, name));
        if (value == null) {
            throw new ChannelException("getsockopt() failed: Protocol not available");
        }
        if (closed && name != SO_TYPE) {
            throw new ClosedChannelException();
        }
        return value;
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return local;
    }

    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return remote;
    }

    @Override
    public @Nullable DomainSocketAddress localDomainSocketAddress() {
        return localUnix;
    }

    @Override
    public @Nullable DomainSocketAddress remoteDomainSocketAddress() {
        return remoteUnix;
    }
}

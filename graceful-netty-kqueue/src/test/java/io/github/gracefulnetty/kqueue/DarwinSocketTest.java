// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is made of the kernel's answers; whether a kernel answers so, no test on this machine can tell. */
class DarwinSocketTest {
    private static final int TCPS_CLOSED = 0;
    private static final int TCPS_LISTEN = 1;
    private static final int TCPS_ESTABLISHED = 4;
    private static final int TCPS_CLOSE_WAIT = 5;

    private static final InetSocketAddress HERE = new InetSocketAddress("127.0.0.1", 8080);
    private static final InetSocketAddress THERE = new InetSocketAddress("127.0.0.1", 50_000);
    private static final SocketFacts UNKNOWN = new SocketFacts(DescriptorKind.OTHER, null, null, null);

    @Test
    void shouldKnowTcpListener() throws IOException {
        FakeSocket socket = FakeSocket.stream().tcp(TCPS_LISTEN).internet(HERE, THERE);

        assertThat(DarwinSocket.inspect(socket))
                .isEqualTo(new SocketFacts(DescriptorKind.TCP_LISTENER, StandardProtocolFamily.INET, HERE, null));
    }

    @ParameterizedTest
    @ValueSource(ints = {TCPS_CLOSED, TCPS_ESTABLISHED, TCPS_CLOSE_WAIT})
    void shouldTakeEveryOtherTcpSocketForConnection(int state) throws IOException {
        FakeSocket socket = FakeSocket.stream().tcp(state).internet(HERE, THERE);

        assertThat(DarwinSocket.inspect(socket))
                .isEqualTo(new SocketFacts(DescriptorKind.TCP_CONNECTION, StandardProtocolFamily.INET, HERE, THERE));
    }

    @Test
    void shouldKnowConnectionThatHasEnded() throws IOException {
        FakeSocket socket = FakeSocket.stream().tcp(TCPS_CLOSED).internet(HERE, null);

        assertThat(DarwinSocket.inspect(socket))
                .isEqualTo(new SocketFacts(DescriptorKind.TCP_CONNECTION, StandardProtocolFamily.INET, HERE, null));
    }

    @Test
    void shouldTakeTheFamilyOfDualStackSocketFromTheKernel() throws IOException {
        FakeSocket listener =
                FakeSocket.stream().tcp(TCPS_LISTEN).ipv6().internet(HERE, null); // as Netty shows ::ffff:127.0.0.1
        FakeSocket datagrams = FakeSocket.datagram().udp().ipv6().internet(HERE, null);

        assertThat(DarwinSocket.inspect(listener).family()).isEqualTo(StandardProtocolFamily.INET6);
        assertThat(DarwinSocket.inspect(datagrams).family()).isEqualTo(StandardProtocolFamily.INET6);
    }

    @Test
    void shouldKnowUdpSocket() throws IOException {
        FakeSocket socket = FakeSocket.datagram().udp().internet(HERE, THERE);

        assertThat(DarwinSocket.inspect(socket))
                .isEqualTo(new SocketFacts(DescriptorKind.UDP, StandardProtocolFamily.INET, HERE, THERE));
    }

    @Test
    void shouldNotTakePortThatLooksLikePathForUnixSocket() throws IOException {
        // The port 0x2f61 stands where the path "/a" would.
        FakeSocket socket = FakeSocket.datagram().udp().internet(HERE, null).unix("/a", null);

        assertThat(DarwinSocket.inspect(socket).kind()).isEqualTo(DescriptorKind.UDP);
    }

    @Test
    void shouldKnowUnixConnection() throws IOException {
        FakeSocket accepted = FakeSocket.stream().peerCredentials().unix("/run/a.sock", "");
        FakeSocket connected = FakeSocket.stream().peerCredentials().unix("", "/run/a.sock");

        assertThat(DarwinSocket.inspect(accepted)).isEqualTo(unix(DescriptorKind.UNIX_CONNECTION, "/run/a.sock"));
        assertThat(DarwinSocket.inspect(connected))
                .isEqualTo(new SocketFacts(
                        DescriptorKind.UNIX_CONNECTION,
                        StandardProtocolFamily.UNIX,
                        null,
                        new DomainSocketAddress("/run/a.sock")));
    }

    @Test
    void shouldKnowUnixConnectionWhosePeerIsGone() throws IOException {
        FakeSocket socket = FakeSocket.stream().peerCredentials().unix("/run/a.sock", null);

        assertThat(DarwinSocket.inspect(socket)).isEqualTo(unix(DescriptorKind.UNIX_CONNECTION, "/run/a.sock"));
    }

    @Test
    void shouldNotKnowUnixListener() throws IOException {
        assertThat(DarwinSocket.inspect(FakeSocket.stream().unix("/run/a.sock", null)))
                .isEqualTo(UNKNOWN);
    }

    @Test
    void shouldKnowUnixDatagramSocketByItsPath() throws IOException {
        FakeSocket socket = FakeSocket.datagram().unix("/run/a.sock", null);

        assertThat(DarwinSocket.inspect(socket)).isEqualTo(unix(DescriptorKind.UNIX_DATAGRAM, "/run/a.sock"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\u0002", "a.sock"})
    void shouldNotKnowDatagramSocketWithoutAbsolutePath(String path) throws IOException {
        assertThat(DarwinSocket.inspect(FakeSocket.datagram().unix(path, null))).isEqualTo(UNKNOWN);
    }

    @Test
    void shouldNotKnowDatagramSocketWithoutAddress() throws IOException {
        assertThat(DarwinSocket.inspect(FakeSocket.datagram().unix(null, null))).isEqualTo(UNKNOWN);
    }

    @Test
    void shouldNotKnowSocketsOfOtherTypes() throws IOException {
        assertThat(DarwinSocket.inspect(FakeSocket.raw().internet(HERE, null))).isEqualTo(UNKNOWN);
    }

    @Test
    void shouldNotTakeClosedDescriptorForSocketOfAnotherKind() {
        FakeSocket socket = FakeSocket.stream().tcp(TCPS_LISTEN).closed();

        assertThatThrownBy(() -> DarwinSocket.inspect(socket)).isInstanceOf(ClosedChannelException.class);
    }

    private static SocketFacts unix(DescriptorKind kind, String local) {
        return new SocketFacts(kind, StandardProtocolFamily.UNIX, new DomainSocketAddress(local), null);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.internal.listener.ListenerChannel;
import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Which inherited listener a bind means, and what becomes of those that no bind means. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class ClaimingTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    @TempDir
    private Path directory;

    private Path path;

    @BeforeEach
    void choosePath() {
        path = directory.resolve("handoff.sock");
    }

    private Greeter start(String name) {
        return new Greeter(name, Graceful.builder().handoffPath(path));
    }

    private DomainSocketAddress unix(String name) {
        return new DomainSocketAddress(directory.resolve(name).toString());
    }

    /** What the kernel calls the socket behind a listener. */
    private static String inode(Channel listener) throws IOException {
        FileDescriptor descriptor = Objects.requireNonNull(
                listener instanceof UnixChannel unix ? unix.fd() : ((ListenerChannel) listener).descriptor());
        return Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(descriptor.intValue())))
                .toString();
    }

    private void shouldClaim(List<SocketAddress> bound, List<Integer> claimOrder) throws Exception {
        try (Greeter old = start("old")) {
            List<Channel> listeners = new ArrayList<>();
            for (SocketAddress address : bound) {
                listeners.add(old.bind(address));
            }
            old.graceful.ready().join();
            try (Greeter young = start("young")) {
                for (int i : claimOrder) {
                    Channel claimed = young.bind(listeners.get(i).localAddress());
                    assertThat(inode(claimed)).isEqualTo(inode(listeners.get(i)));
                }
                young.graceful.ready().join();
                old.graceful.awaitExit();
                for (Channel listener : listeners) {
                    listener.closeFuture().sync();
                }
            }
        }
    }

    @Test
    void shouldClaimOneTcpListener() throws Exception {
        shouldClaim(List.of(ANY_PORT), List.of(0));
    }

    @Test
    void shouldClaimOneUnixListener() throws Exception {
        shouldClaim(List.of(unix("a")), List.of(0));
    }

    @Test
    void shouldClaimOneOfEachOutOfOrder() throws Exception {
        shouldClaim(List.of(ANY_PORT, unix("a")), List.of(1, 0));
    }

    @Test
    void shouldClaimTwoTcpListeners() throws Exception {
        shouldClaim(List.of(ANY_PORT, ANY_PORT), List.of(1, 0));
    }

    @Test
    void shouldTellIpv4FromIpv6() throws Exception {
        try (Greeter old = start("old")) {
            Channel four = old.bind(ANY_PORT);
            int port = ((InetSocketAddress) four.localAddress()).getPort();
            Channel six = old.bind(new InetSocketAddress("::1", port));
            old.graceful.ready().join();
            try (Greeter young = start("young")) {
                assertThat(inode(young.bind(new InetSocketAddress("::1", port))))
                        .isEqualTo(inode(six));
                assertThatThrownBy(() -> young.bind(new InetSocketAddress("::1", port)))
                        .isInstanceOf(BindException.class);
                assertThat(inode(young.bind(four.localAddress()))).isEqualTo(inode(four));
            }
        }
    }

    @Test
    void shouldHandOnAllMembersOfAReusePortGroupInOrder() throws Exception {
        try (Greeter old = start("old")) {
            List<Channel> group = new ArrayList<>();
            SocketAddress address = ANY_PORT;
            for (int i = 0; i < 4; i++) {
                group.add(bindReusingPort(old, address));
                address = group.get(0).localAddress();
            }
            old.graceful.ready().join();
            try (Greeter young = start("young")) {
                List<Channel> claimed = new ArrayList<>();
                for (Channel member : group) {
                    Channel again = bindReusingPort(young, address);
                    assertThat(inode(again)).isEqualTo(inode(member));
                    claimed.add(again);
                }
                young.graceful.ready().join();
                old.graceful.awaitExit();
                for (int i = 0; i < 50; i++) {
                    assertThat(Greeter.ask(address)).isEqualTo("young");
                }
                assertThat(claimed).allMatch(Channel::isActive);
            }
        }
    }

    private static Channel bindReusingPort(Greeter server, SocketAddress address) throws InterruptedException {
        return server.bootstrap(address)
                .option(EpollChannelOption.SO_REUSEPORT, true)
                .bind(address)
                .sync()
                .channel();
    }

    @Test
    void shouldCloseWhatNobodyClaimsAndRemoveItsPathWhileThePredecessorStillDrains() throws Exception {
        try (Greeter old = start("old")) {
            Channel kept = old.bind(ANY_PORT);
            SocketAddress abandoned = old.bind(ANY_PORT).localAddress();
            DomainSocketAddress unix = unix("abandoned");
            old.bind(unix);
            old.graceful.ready().join();
            CountDownLatch busy = new CountDownLatch(1);
            List<Socket> waiting = new ArrayList<>();
            try (Greeter young = start("young")) {
                young.bind(kept.localAddress());
                // What waits in the queue of an abandoned listener is still answered by the predecessor.
                old.boss.execute(() -> awaitQuietly(busy));
                for (int i = 0; i < 20; i++) {
                    waiting.add(Greeter.connect(abandoned));
                }
                young.graceful.ready().join();
                busy.countDown();
                for (Socket socket : waiting) {
                    try (socket) {
                        assertThat(Greeter.read(socket.getInputStream())).isEqualTo("old");
                    }
                }
                old.graceful.awaitExit();
                assertThat(directory.resolve("abandoned")).doesNotExist();
                await().untilAsserted(() ->
                        assertThatThrownBy(() -> Greeter.ask(abandoned)).isInstanceOf(IOException.class));
                assertThat(Greeter.ask(kept.localAddress())).isEqualTo("young");
            }
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void shouldKeepThePathOfWhatIsNotClaimedWhenTheSuccessorFails() throws Exception {
        try (Greeter old = start("old")) {
            DomainSocketAddress unix = unix("app.sock");
            old.bind(unix);
            old.graceful.ready().join();
            try (Greeter young = start("young")) {
                assertThat(young.graceful.isServing()).isFalse();
            }
            assertThat(Greeter.ask(unix)).isEqualTo("old");
            assertThat(Collections.singleton(directory.resolve("app.sock"))).allMatch(Files::exists);
        }
    }
}

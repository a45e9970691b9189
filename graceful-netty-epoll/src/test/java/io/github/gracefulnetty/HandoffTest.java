// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.upgrade.Phase;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.UnixChannelOption;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Predecessor and successor in one JVM, on real sockets. */
@ExtendWith(DescriptorGate.class)
class HandoffTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    @TempDir
    Path directory;

    @Test
    void shouldServeOnOneListenerAfterTheOther() throws Exception {
        try (Greeter old = start("old")) {
            Channel listener = old.bind(ANY_PORT);
            SocketAddress address = listener.localAddress();
            ready(old);
            assertThat(Greeter.ask(address)).isEqualTo("old");
            try (Greeter young = start("young")) {
                assertThat(young.graceful.generation()).isEqualTo(2);
                assertThat(young.bind(address).localAddress()).isEqualTo(address);
                assertThat(Greeter.ask(address)).as("before ready").isEqualTo("old");
                ready(young);
                assertThat(old.graceful.awaitExit().handedOver()).isTrue();
                assertThat(listener.closeFuture().await(10, TimeUnit.SECONDS)).isTrue();
                assertThat(Greeter.ask(address)).isEqualTo("young");
            }
        }
    }

    @Test
    void shouldHandOnEveryKindOfListener() throws Exception {
        List<SocketAddress> addresses = List.of(
                new InetSocketAddress("127.0.0.1", 0),
                new InetSocketAddress("::1", 0),
                new InetSocketAddress(0),
                new DomainSocketAddress(directory.resolve("app.sock").toString()));
        DomainSocketAddress abstractName = new DomainSocketAddress(
                "\0graceful-netty-test-" + ProcessHandle.current().pid());
        try (Greeter old = start("old")) {
            List<SocketAddress> bound = new ArrayList<>();
            for (SocketAddress address : addresses) {
                bound.add(old.bind(address).localAddress());
            }
            assertThat(old.bind(abstractName).localAddress()).isEqualTo(abstractName);
            ready(old);
            try (Greeter young = start("young")) {
                for (SocketAddress address : bound) {
                    assertThat(young.bind(address).localAddress()).isEqualTo(address);
                }
                assertThat(young.bind(abstractName).localAddress()).isEqualTo(abstractName);
                ready(young);
                old.graceful.awaitExit();
                for (SocketAddress address : bound) {
                    assertThat(Greeter.ask(address)).as("%s", address).isEqualTo("young");
                }
            }
        }
    }

    @Test
    void shouldGiveTwoPortsToTwoBindsOfPortZeroAndTheSameTwoAfterAnUpgrade() throws Exception {
        try (Greeter old = start("old")) {
            SocketAddress first = old.bind(ANY_PORT).localAddress();
            SocketAddress second = old.bind(ANY_PORT).localAddress();
            assertThat(first).isNotEqualTo(second);
            ready(old);
            try (Greeter young = start("young")) {
                assertThat(young.bind(ANY_PORT).localAddress()).isEqualTo(first);
                assertThat(young.bind(ANY_PORT).localAddress()).isEqualTo(second);
                assertThat(young.bind(ANY_PORT).localAddress()).isNotIn(first, second);
                ready(young);
                old.graceful.awaitExit();
            }
        }
    }

    @Test
    void shouldMatchTheWildcardsOfBothFamilies() throws Exception {
        try (Greeter old = start("old")) {
            InetSocketAddress bound = (InetSocketAddress)
                    old.bind(new InetSocketAddress("0.0.0.0", 0)).localAddress();
            ready(old);
            try (Greeter young = start("young")) {
                assertThat(young.bind(new InetSocketAddress("::", bound.getPort()))
                                .localAddress())
                        .isEqualTo(bound);
                ready(young);
                old.graceful.awaitExit();
                assertThat(Greeter.ask(bound)).isEqualTo("young");
            }
        }
    }

    @Test
    void shouldLetAListenerBeClaimedOnceOnly() throws Exception {
        try (Greeter old = start("old")) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            ready(old);
            try (Greeter young = start("young")) {
                young.bind(address);
                assertThatThrownBy(() -> young.bind(address))
                        .isInstanceOf(BindException.class)
                        .hasMessageContaining("127.0.0.1:" + ((InetSocketAddress) address).getPort())
                        .hasMessageContaining("Address already in use");
            }
        }
    }

    @Test
    void shouldClaimByNameBeforeAddress() throws Exception {
        try (Greeter old = start("old")) {
            SocketAddress plain = old.bind(ANY_PORT).localAddress();
            GracefulBootstrap named = (GracefulBootstrap) old.bootstrap(ANY_PORT);
            SocketAddress admin =
                    named.listenerName("admin").bind(ANY_PORT).sync().channel().localAddress();
            ready(old);
            try (Greeter young = start("young")) {
                GracefulBootstrap claim = (GracefulBootstrap) young.bootstrap(ANY_PORT);
                assertThat(claim.listenerName("admin")
                                .bind(ANY_PORT)
                                .sync()
                                .channel()
                                .localAddress())
                        .isEqualTo(admin);
                assertThat(young.bind(ANY_PORT).localAddress()).isEqualTo(plain);
            }
        }
    }

    @Test
    void shouldAnswerAConnectionThatWaitedDuringTheSwitch() throws Exception {
        try (Greeter old = start("old")) {
            Channel listener = old.bind(ANY_PORT);
            SocketAddress address = listener.localAddress();
            ready(old);
            try (Greeter young = start("young")) {
                young.bind(address);
                pause(listener);
                List<Socket> waiting = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    waiting.add(Greeter.connect(address));
                }
                ready(young);
                for (Socket socket : waiting) {
                    try (socket) {
                        assertThat(Greeter.read(socket.getInputStream())).isEqualTo("young");
                    }
                }
            }
        }
    }

    @Test
    void shouldKeepThePathOfAUnixListenerWhenTheOldProcessEndsAndRemoveItWithTheLast() throws Exception {
        Path path = directory.resolve("app.sock");
        DomainSocketAddress address = new DomainSocketAddress(path.toString());
        try (Greeter old = start("old")) {
            old.bind(address);
            ready(old);
            try (Greeter young = start("young")) {
                young.bind(address);
                ready(young);
                old.graceful.awaitExit();
                old.close();
                assertThat(path).exists();
                assertThat(Greeter.ask(address)).isEqualTo("young");
            }
            assertThat(path).doesNotExist();
            assertThat(directory.resolve("handoff.sock")).doesNotExist();
        }
    }

    @Test
    void shouldKeepThePathOfAUnixListenerWhenTheSuccessorGivesUp() throws Exception {
        Path path = directory.resolve("app.sock");
        DomainSocketAddress address = new DomainSocketAddress(path.toString());
        try (Greeter old = start("old")) {
            old.bind(address);
            ready(old);
            try (Greeter young = start("young")) {
                young.bind(address);
            }
            assertThat(Greeter.ask(address)).isEqualTo("old");
            awaitServing(old);
            try (Greeter next = start("next")) {
                next.bind(address);
                ready(next);
                old.graceful.awaitExit();
                assertThat(Greeter.ask(address)).isEqualTo("next");
            }
        }
    }

    @Test
    void shouldRemoveThePathsThatNobodyNeedsWhenTheJvmEndsWithoutADrain() throws Exception {
        Path path = directory.resolve("app.sock");
        try (Greeter server = start("server")) {
            server.bind(new DomainSocketAddress(path.toString()));
            ready(server);
            server.graceful.runtime().removePaths();
            assertThat(path).doesNotExist();
            assertThat(directory.resolve("handoff.sock")).doesNotExist();
        }
    }

    @Test
    void shouldLeaveThePathToTheSuccessorWhenTheJvmEndsDuringAnUpgrade() throws Exception {
        Path path = directory.resolve("app.sock");
        try (Greeter old = start("old")) {
            old.bind(new DomainSocketAddress(path.toString()));
            ready(old);
            try (Greeter young = start("young")) {
                young.bind(new DomainSocketAddress(path.toString()));
                old.graceful.runtime().removePaths();
                young.graceful.runtime().removePaths();
                assertThat(path).exists();
                ready(young);
                old.graceful.runtime().removePaths();
                assertThat(path).exists();
                old.graceful.awaitExit();
                assertThat(Greeter.ask(new DomainSocketAddress(path.toString())))
                        .isEqualTo("young");
            }
        }
    }

    @Test
    void shouldNotChangeASharedSocketByTheOptionsOfTheSuccessor() throws Exception {
        try (Greeter old = start("old")) {
            Channel listener = old.bootstrap(ANY_PORT)
                    .option(ChannelOption.SO_RCVBUF, 100_000)
                    .bind(ANY_PORT)
                    .sync()
                    .channel();
            int size = listener.config().getOption(ChannelOption.SO_RCVBUF);
            ready(old);
            try (Greeter young = start("young")) {
                Channel claimed = young.bootstrap(ANY_PORT)
                        .option(ChannelOption.SO_RCVBUF, 5_000)
                        .option(ChannelOption.SO_REUSEADDR, false)
                        .option(UnixChannelOption.SO_REUSEPORT, true)
                        .option(ChannelOption.WRITE_SPIN_COUNT, 3)
                        .bind(listener.localAddress())
                        .sync()
                        .channel();
                claimed.config().setOption(ChannelOption.SO_RCVBUF, 6_000);
                assertThat(listener.config().getOption(ChannelOption.SO_RCVBUF)).isEqualTo(size);
                assertThat(claimed.config().getOption(ChannelOption.SO_RCVBUF)).isEqualTo(size);
                assertThat(listener.config().getOption(ChannelOption.SO_REUSEADDR))
                        .isTrue();
                assertThat(listener.config().getOption(UnixChannelOption.SO_REUSEPORT))
                        .isFalse();
                assertThat(claimed.config().getOption(ChannelOption.WRITE_SPIN_COUNT))
                        .isEqualTo(3);
            }
        }
    }

    @Test
    void shouldRefuseASecondSuccessorAndOneThatComesTooEarly() throws Exception {
        try (Greeter old = start("old")) {
            old.bind(ANY_PORT);
            assertThatThrownBy(() -> start("too early"))
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining("refuses a successor now: it is not ready yet");
            ready(old);
            try (Greeter young = start("young")) {
                assertThatThrownBy(() -> start("second"))
                        .isInstanceOf(HandoffException.class)
                        .hasMessageContaining("refuses a successor now: an upgrade is in progress");
                assertThatThrownBy(() -> old.graceful.upgrade().join())
                        .hasMessageContaining("upgrade refused: an upgrade is in progress");
                assertThatThrownBy(() -> young.graceful.upgrade().join())
                        .hasMessageContaining("upgrade refused: it is not ready yet");
            }
        }
    }

    @Test
    void shouldRefuseAnotherApplicationAtTheSamePath() throws Exception {
        try (Greeter old = new Greeter("old", builder().application("orders"))) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            ready(old);
            assertThatThrownBy(() -> new Greeter("billing", builder().application("billing")))
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining("unix:" + directory.resolve("handoff.sock")
                            + " belongs to application 'orders', not to 'billing': point each at a path of its own");
            assertThat(Greeter.ask(address)).isEqualTo("old");
            try (Greeter same = new Greeter("same", builder().application("orders"))) {
                same.bind(address);
                ready(same);
                old.graceful.awaitExit(); // until it pauses, it may answer, too
                assertThat(Greeter.ask(address)).isEqualTo("same");
            }
        }
    }

    @Test
    void shouldLeaveThePredecessorAloneWhenASignalCannotBeHandled() throws Exception {
        try (Greeter old = start("old")) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            ready(old);
            for (int i = 0; i < 10; i++) {
                assertThatThrownBy(() -> new Greeter("young", builder().upgradeOnSignal("KILL")))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("KILL");
                awaitServing(old);
                assertThat(directory.toFile().list()).containsExactly("handoff.sock");
            }
            assertThat(Greeter.ask(address)).isEqualTo("old");
        }
    }

    @Test
    void shouldNameTheListenersThatASuccessorWhichIsNotReadyHasNotBound() throws Exception {
        try (Greeter old = new Greeter("old", builder().upgradeTimeout(Duration.ofSeconds(2)))) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            SocketAddress other = old.bind(ANY_PORT).localAddress();
            ready(old);
            try (Greeter young = start("young")) {
                young.bind(address);
                assertThatThrownBy(() -> young.graceful.awaitExit())
                        .hasMessageContaining("has not called ready() in time; inherited and not bound: [")
                        .hasMessageContaining(":" + ((InetSocketAddress) other).getPort())
                        .hasMessageNotContaining(":" + ((InetSocketAddress) address).getPort());
            }
            awaitServing(old);
            assertThat(Greeter.ask(address)).isEqualTo("old");
            assertThat(Greeter.ask(other)).isEqualTo("old");
        }
    }

    @Test
    void shouldServeOnWhenTheSuccessorIsNotReadyInTime() throws Exception {
        try (Greeter old = new Greeter("old", builder().upgradeTimeout(Duration.ofMillis(300)))) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            ready(old);
            try (Greeter young = start("young")) {
                young.bind(address);
                assertThatThrownBy(young.graceful::awaitExit)
                        .isInstanceOf(HandoffException.class)
                        .hasMessageContaining("its application has not called ready() in time");
                assertThatThrownBy(() -> young.graceful.ready().join())
                        .hasMessageContaining("its application has not called ready() in time");
            }
            awaitServing(old);
            assertThat(Greeter.ask(address)).isEqualTo("old");
        }
    }

    @Test
    void shouldForceWhatIsLeftAtTheDrainDeadlineAndSayHowMany() throws Exception {
        try (Greeter old = new Greeter("old", builder().drainTimeout(Duration.ofMillis(200)))) {
            Channel listener = old.bootstrap(ANY_PORT)
                    .childHandler(new Silent())
                    .bind(ANY_PORT)
                    .sync()
                    .channel();
            try (Socket first = Greeter.connect(listener.localAddress());
                    Socket second = Greeter.connect(listener.localAddress())) {
                ready(old);
                try (Greeter young = start("young")) {
                    young.bind(listener.localAddress());
                    await().untilAsserted(() -> assertThat(
                                    old.graceful.runtime().parts().connections().open())
                            .hasSize(2));
                    ready(young);
                    assertThat(old.graceful.awaitExit())
                            .extracting(ExitReport::handedOver, ExitReport::connections, ExitReport::forced)
                            .containsExactly(true, 2, 2);
                    assertThat(first.getInputStream().read()).isEqualTo(-1);
                    assertThat(second.getInputStream().read()).isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void shouldNotWaitForAConnectionThatNoLoopEverTook() throws Exception {
        try (Greeter server = new Greeter("server", builder().drainTimeout(Duration.ofMillis(100)))) {
            SocketAddress address = server.bootstrap(ANY_PORT)
                    .childHandler(new ChannelInboundHandlerAdapter()) // not sharable: fails for the second one
                    .bind(ANY_PORT)
                    .sync()
                    .channel()
                    .localAddress();
            ready(server);
            try (Socket first = Greeter.connect(address);
                    Socket second = Greeter.connect(address)) {
                await().until(() ->
                        server.graceful.runtime().parts().connections().open().size() == 2);
                assertThat(server.graceful.stop().join().forced()).isEqualTo(2);
                assertThat(first.getInputStream().read()).isEqualTo(-1);
                assertThat(second.getInputStream().read()).isEqualTo(-1);
            }
        }
    }

    @Test
    void shouldReportWhyABindFailed() throws Exception {
        try (Greeter server = start("server")) {
            assertThatThrownBy(() -> server.bind(InetSocketAddress.createUnresolved("no-such-host.invalid", 80)))
                    .isInstanceOf(UnknownHostException.class)
                    .hasMessage("cannot resolve host 'no-such-host.invalid'");
            assertThatThrownBy(() -> server.bind(new InetSocketAddress("192.0.2.1", 80)))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("192.0.2.1:80")
                    .hasMessageContaining("Cannot assign requested address");
            Path file = Files.createFile(directory.resolve("file"));
            assertThatThrownBy(() -> server.bind(new DomainSocketAddress(file.toString())))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("is a regular file, not a socket: refused");
            assertThat(file).exists();
            DomainSocketAddress unix =
                    new DomainSocketAddress(directory.resolve("app.sock").toString());
            server.bind(unix);
            assertThatThrownBy(() -> server.bind(unix))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("address already in use, somebody listens there");
            assertThat(Greeter.ask(unix)).isEqualTo("server");
        }
    }

    private Graceful.Builder builder() {
        return Graceful.builder().handoffPath(directory.resolve("handoff.sock")).drainTimeout(Duration.ofSeconds(5));
    }

    private Greeter start(String name) {
        return new Greeter(name, builder());
    }

    private static void awaitServing(Greeter greeter) {
        await().until(() -> greeter.graceful.runtime().phase() instanceof Phase.Serving);
    }

    private static void ready(Greeter greeter) {
        greeter.graceful.ready().join();
    }

    /** Pauses on the loop, so that what connects from now on waits in the kernel. */
    private static void pause(Channel listener) throws InterruptedException {
        CountDownLatch paused = new CountDownLatch(1);
        listener.eventLoop().execute(() -> {
            listener.config().setAutoRead(false);
            paused.countDown();
        });
        assertThat(paused.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Sharable
    private static final class Silent extends ChannelInboundHandlerAdapter {}
}

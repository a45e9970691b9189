// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.upgrade.Phase;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Which listeners a successor has to bind, and when; and who may be one. */
@ExtendWith(DescriptorGate.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OrderTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final SocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    @TempDir
    private Path directory = Path.of("");

    private final LogLines log = new LogLines();

    @AfterEach
    void endLog() {
        log.close();
    }

    private Path path() {
        return directory.resolve("handoff.sock");
    }

    private Graceful.Builder builder() {
        return Graceful.builder().handoffPath(path()).drainTimeout(LONG).probation(LONG);
    }

    private static void ready(Greeter greeter) throws Exception {
        greeter.graceful.ready().get(20, TimeUnit.SECONDS);
    }

    private static void awaitAnswer(SocketAddress address, String name) {
        await().until(() -> Greeter.ask(address).equals(name));
    }

    private static void awaitExit(Greeter old) throws Exception {
        assertThat(old.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                .isTrue();
    }

    private static void awaitControl(Greeter greeter) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        greeter.graceful.runtime().parts().control().execute(() -> done.complete(null));
        done.get(20, TimeUnit.SECONDS);
    }

    @Test
    void shouldHandOverOnProbationWhatWasBoundAfterReady() throws Exception {
        CompletableFuture<Void> verdict = new CompletableFuture<>();
        DomainSocketAddress unix =
                new DomainSocketAddress(directory.resolve("app.sock").toString());
        try (Greeter old = new Greeter("old", builder());
                Greeter young = youngAfter(old, unix, verdict)) {
            SocketAddress late = tcp(old, 1);
            assertThat(Greeter.ask(late)).isEqualTo("old");
            assertThat(Greeter.ask(unix)).isEqualTo("old");
            young.bind(late);
            young.bind(unix);
            awaitAnswer(late, "young");
            awaitAnswer(unix, "young");
            verdict.complete(null);
            awaitExit(old);
            assertThat(Greeter.ask(late)).isEqualTo("young");
            assertThat(Greeter.ask(unix)).isEqualTo("young");
            assertThat(directory.resolve("app.sock")).exists();
        }
    }

    /** The addresses of the listeners that are open, in the order in which they were bound. */
    private static InetSocketAddress tcp(Greeter greeter, int index) {
        String text = greeter.graceful.runtime().parts().register().describe().get(index);
        return new InetSocketAddress(
                "127.0.0.1", Integer.parseInt(text.replaceAll(".*127\\.0\\.0\\.1:(\\d+).*", "$1")));
    }

    /** On probation, it has bound only what {@code old} bound before ready(). */
    private Greeter youngAfter(Greeter old, SocketAddress unix, CompletableFuture<Void> verdict) throws Exception {
        old.bind(ANY_PORT);
        ready(old);
        old.bind(ANY_PORT);
        old.bind(unix);
        Greeter young = new Greeter("young", builder().probationCheck(() -> verdict));
        young.bind(tcp(old, 0));
        ready(young);
        await().until(() -> old.graceful.runtime().phase() instanceof Phase.OnProbation);
        return young;
    }

    @Test
    void shouldWarnOnceOfWhatIsBoundAfterReady() throws Exception {
        try (Greeter old = new Greeter("old", builder())) {
            old.bind(ANY_PORT);
            ready(old);
            assertThat(log.containing("a listener was bound after ready()")).isEmpty();
            old.bind(ANY_PORT);
            old.bind(ANY_PORT);
            awaitControl(old);
            assertThat(log.containing("a listener was bound after ready()")).hasSize(1);
        }
    }

    @Test
    void shouldRefuseASuccessorThatBindsNoneOfTheListeners() throws Exception {
        try (Greeter old = new Greeter("old", builder())) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            ready(old);
            try (Greeter other = new Greeter("other", builder())) {
                SocketAddress own = other.bind(new InetSocketAddress("127.0.0.1", freePort()))
                        .localAddress();
                String hers = "127.0.0.1:" + ((InetSocketAddress) address).getPort();
                String ours = "127.0.0.1:" + ((InetSocketAddress) own).getPort();
                assertThatThrownBy(() -> ready(other))
                        .hasCauseInstanceOf(HandoffException.class)
                        .hasMessageContaining("none of the predecessor's listeners was bound before ready()")
                        .hasMessageContainingAll(hers, ours);
                await().until(() -> !log.containing("upgrade 1->2 failed").isEmpty());
                assertThat(log.containing("upgrade 1->2 failed"))
                        .singleElement()
                        .asString()
                        .contains("none of the predecessor's listeners was bound before ready()", hers, ours);
            }
            assertThat(Greeter.ask(address)).isEqualTo("old");
            assertThat(old.graceful.isServing()).isTrue();
            assertIsReplaced(old, builder(), address);
        }
    }

    @Test
    void shouldRefuseASuccessorThatHasClosedTheListenersAgain() throws Exception {
        try (Greeter old = new Greeter("old", builder())) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            ready(old);
            try (Greeter other = new Greeter("other", builder())) {
                other.bind(address).close().sync();
                assertThatThrownBy(() -> ready(other))
                        .hasCauseInstanceOf(HandoffException.class)
                        .hasMessageContaining("all of the predecessor's listeners that were bound are closed again");
            }
            assertThat(Greeter.ask(address)).isEqualTo("old");
            assertIsReplaced(old, builder(), address);
        }
    }

    private static void assertIsReplaced(Greeter old, Graceful.Builder settings, SocketAddress address)
            throws Exception {
        await().until(() -> old.graceful.runtime().phase() instanceof Phase.Serving);
        try (Greeter young = new Greeter("young", settings)) {
            young.bind(address);
            ready(young);
            awaitAnswer(address, "young");
        }
        awaitExit(old);
    }

    @Test
    void shouldAcceptASuccessorThatMayDropTheListeners() throws Exception {
        try (Greeter old = new Greeter("old", builder())) {
            old.bind(ANY_PORT);
            ready(old);
            assertIsReplaced(
                    old, builder().allowDroppedListeners(true), new InetSocketAddress("127.0.0.1", freePort()));
        }
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Test
    void shouldAcceptASuccessorThatBindsOneOfTheListeners() throws Exception {
        try (Greeter old = new Greeter("old", builder())) {
            old.bind(ANY_PORT);
            SocketAddress second = old.bind(ANY_PORT).localAddress();
            ready(old);
            assertIsReplaced(old, builder(), second);
        }
    }

    @Test
    void shouldRefuseItsOwnProcess() throws Exception {
        try (Greeter old = new Greeter("old", builder().allowSameProcess(false))) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            ready(old);
            assertThatThrownBy(() -> builder().build())
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining(
                            "this process itself serves at unix:%s: give each Graceful of one process a path of its own",
                            path());
            assertThat(old.graceful.isServing()).isTrue();
            assertThat(Greeter.ask(address)).isEqualTo("old");
        }
    }

    @Test
    void shouldNotTakeOverFromItsOwnProcess() throws Exception {
        try (Greeter old = new Greeter("old", builder())) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            ready(old);
            assertThatThrownBy(() -> builder().allowSameProcess(false).build())
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining("this process itself serves at unix:%s: give each Graceful", path());
            assertIsReplaced(old, builder(), address);
        }
    }

    @Test
    void shouldRefuseASecondCopyWhenOnlyItsOwnSuccessorsMayTakeOver() throws Exception {
        Path note = directory.resolve("note");
        try (Greeter old =
                new Greeter("old", builder().ownSuccessorsOnly(true).upgradeCommand(StartedProcess.command(note)))) {
            SocketAddress address = old.bind(ANY_PORT).localAddress();
            ready(old);
            assertThatThrownBy(() -> builder().build())
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining("ownSuccessorsOnly is set, and it did not start you");
            assertThat(Greeter.ask(address)).isEqualTo("old");
            CompletableFuture<UpgradeResult> upgrade = old.graceful.upgrade();
            try (StartedProcess own = StartedProcess.at(note);
                    RawPeer successor = RawPeer.takeOver(own.path(), own.ticket())) {
                assertThat(upgrade.get(20, TimeUnit.SECONDS).generation()).isEqualTo(2);
                assertThat(successor).isNotNull();
            }
        }
    }
}

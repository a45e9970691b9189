// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.upgrade.Phase;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A predecessor that still drains when its confirmed successor is gone. Within one process, who hangs up counts as dead. */
@ExtendWith(DescriptorGate.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServeAgainTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final SocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    @TempDir
    private Path directory = Path.of("");

    private Greeter old;
    private SocketAddress address;
    private SocketAddress unix;
    private Socket lasting;

    private Path path() {
        return directory.resolve("handoff.sock");
    }

    private Graceful.Builder builder() {
        return Graceful.builder().handoffPath(path()).drainTimeout(LONG).probation(LONG);
    }

    @BeforeEach
    void start() throws Exception {
        old = new Greeter("old", builder());
        address = old.bind(ANY_PORT).localAddress();
        unix = new DomainSocketAddress(directory.resolve("app.sock").toString());
        old.bind(unix);
        SocketAddress silent = old.bootstrap(ANY_PORT)
                .childHandler(new ChannelInboundHandlerAdapter())
                .bind(ANY_PORT)
                .sync()
                .channel()
                .localAddress();
        old.graceful.ready().join();
        lasting = Greeter.connect(silent);
        Awaitility.await()
                .until(() ->
                        !old.graceful.runtime().parts().connections().open().isEmpty());
    }

    @AfterEach
    void end() throws IOException {
        lasting.close();
        old.close();
    }

    private void await(Greeter greeter, Class<? extends Phase> phase) {
        Awaitility.await()
                .until(() -> phase.isInstance(greeter.graceful.runtime().phase()));
    }

    private void awaitAnswersFrom(String name) {
        Awaitility.await()
                .until(() ->
                        Greeter.ask(address).equals(name) && Greeter.ask(unix).equals(name));
    }

    private Greeter replace(String name, Graceful.Builder settings) throws Exception {
        Greeter young = new Greeter(name, settings);
        young.bind(address);
        young.bind(unix);
        young.graceful.ready().get(20, TimeUnit.SECONDS);
        awaitAnswersFrom(name);
        return young;
    }

    private RawPeer replaceConfirmed() throws Exception {
        RawPeer successor = RawPeer.takeOver(path(), Token.NONE);
        successor.say(new Message.Confirmed());
        successor.hear(Message.Confirmed.class);
        await(old, Phase.Draining.class);
        assertThat(old.graceful.isServing()).isFalse();
        return successor;
    }

    private void awaitExit(Greeter greeter) throws Exception {
        assertThat(greeter.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldServeAgainWhenTheConfirmedSuccessorDies(boolean acknowledged) throws Exception {
        try (RawPeer successor = replaceConfirmed()) {
            if (acknowledged) {
                successor.say(new Message.Confirmed());
            }
        }
        await(old, Phase.Serving.class);
        assertThat(old.graceful.isServing()).isTrue();
        awaitAnswersFrom("old");
        lasting.setSoTimeout(1);
        assertThatThrownBy(() -> lasting.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        lasting.close();
        try (Greeter young = replace("young", builder())) {
            assertThat(young.graceful.generation()).isEqualTo(2);
        }
        awaitExit(old);
    }

    @Test
    void shouldNotServeAgainWhenTheSuccessorIsToldToStop() throws Exception {
        try (Greeter young = replace("young", builder())) {
            young.graceful.stop();
            await(old, Phase.Draining.class);
            young.graceful.stop();
            assertThat(young.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                    .isFalse();
        }
        lasting.close();
        awaitExit(old);
        assertThatThrownBy(() -> Greeter.ask(address)).isInstanceOf(IOException.class);
    }

    /** Its words and the confirmation cross each other: it ends as one that was on probation. */
    @Test
    void shouldServeAgainWhenTheSuccessorGivesUpBeforeItKnowsThatItIsConfirmed() throws Exception {
        lasting.close();
        old.close();
        try (Greeter first = new Greeter("old", builder().probation(Duration.ofSeconds(2)))) {
            first.bind(address);
            first.bind(unix);
            SocketAddress silent = first.bootstrap(ANY_PORT)
                    .childHandler(new ChannelInboundHandlerAdapter())
                    .bind(ANY_PORT)
                    .sync()
                    .channel()
                    .localAddress();
            first.graceful.ready().join();
            try (Socket held = Greeter.connect(silent);
                    RawPeer successor = RawPeer.takeOver(path(), Token.NONE)) {
                Awaitility.await().until(() -> {
                    successor.say(new Message.Alive(false));
                    return first.graceful.runtime().phase() instanceof Phase.Draining;
                });
                successor.say(new Message.Abort("no memory"));
                await(first, Phase.Serving.class);
                awaitAnswersFrom("old");
                assertThat(held.isConnected()).isTrue();
            }
        }
    }

    /** It has been replaced, and serves again: nobody but this process could serve after it. */
    @Test
    void shouldServeAgainWhenTheSuccessorDiesAfterAnUpgradeOfItsOwnWasRolledBack() throws Exception {
        try (RawPeer successor = replaceConfirmed()) {
            successor.say(new Message.Age(2)).say(new Message.Age(1));
        }
        await(old, Phase.Serving.class);
        awaitAnswersFrom("old");
    }

    /** A JVM that ends by itself removes what is its own: not what a predecessor that serves again needs. */
    @Test
    void shouldLeaveThePathsToAPredecessorThatDrains() throws Exception {
        Path socket = directory.resolve("app.sock");
        try (Greeter young =
                replace("young", builder().probationCheck(() -> CompletableFuture.completedFuture(null)))) {
            await(old, Phase.Draining.class);
            young.graceful.runtime().removePaths();
            assertThat(socket).exists();
            lasting.close();
            awaitExit(old);
            Awaitility.await()
                    .untilAsserted(
                            () -> { // the successor hears of the exit a moment later
                                young.graceful.runtime().removePaths();
                                assertThat(socket).doesNotExist();
                            });
        }
    }

    @Test
    void shouldNotServeAgainWhenTheSuccessorHasBeenReplacedAndExits() throws Exception {
        Greeter young = replace("young", builder().probation(Duration.ZERO).drainTimeout(Duration.ofSeconds(1)));
        Greeter youngest = replace("youngest", builder());
        try (youngest) {
            awaitExit(young);
            young.close();
            assertThat(old.graceful.runtime().phase()).isInstanceOf(Phase.Draining.class);
            lasting.close();
            awaitExit(old);
            awaitAnswersFrom("youngest");
        }
    }
}

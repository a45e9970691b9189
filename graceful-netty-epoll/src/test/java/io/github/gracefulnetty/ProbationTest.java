// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.upgrade.Phase;
import io.github.gracefulnetty.internal.upgrade.Phases;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.channel.Channel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a predecessor does while its successor is on probation. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProbationTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final SocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    @TempDir
    private Path directory = Path.of("");

    private Greeter old;
    private SocketAddress address;
    private DomainSocketAddress unix;

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
        old.graceful.ready().join();
    }

    @AfterEach
    void end() {
        old.close();
    }

    private Greeter start(Graceful.Builder settings) throws Exception {
        Greeter young = new Greeter("young", settings);
        young.bind(address);
        young.bind(unix);
        young.graceful.ready().join();
        return young;
    }

    private Greeter replace(Graceful.Builder settings) throws Exception {
        Greeter young = start(settings);
        await(old, Phase.OnProbation.class);
        return young;
    }

    private static void await(Greeter greeter, Class<? extends Phase> phase) {
        Awaitility.await()
                .until(() -> phase.isInstance(greeter.graceful.runtime().phase()));
    }

    private void awaitAnswersFrom(String name) {
        Awaitility.await()
                .until(() ->
                        Greeter.ask(address).equals(name) && Greeter.ask(unix).equals(name));
    }

    private RawPeer replaceRaw() throws IOException {
        RawPeer successor = RawPeer.takeOver(path(), Token.NONE);
        await(old, Phase.OnProbation.class);
        return successor;
    }

    /** As a successor that is ready, and may serve. */
    private void hearCommit(RawPeer successor) throws IOException {
        successor.say(new Message.Hello(1, 1, Message.Purpose.TAKE_OVER, 1, Token.NONE));
        Token token = successor.hear(Message.Welcome.class).laneToken();
        try (RawPeer lane = new RawPeer(path())) {
            lane.say(new Message.Attach(1, token));
            int count = successor.hear(Message.Manifest.class).descriptors();
            for (int i = 0; i < count; i++) {
                successor.hear(Message.Descriptor.class);
            }
            successor.say(new Message.Received(count)).say(new Message.Ready());
            assertThat(successor.hear(Message.Commit.class).probationMillis()).isEqualTo(LONG.toMillis());
        }
    }

    @Test
    void shouldServeAgainWhenTheSuccessorHangsUp() throws Exception {
        replaceRaw().close();
        assertServesAgain();
    }

    /** Its conversation with this process may have failed in any way: only who serves for good leaves with this word. */
    @Test
    void shouldServeAgainWhenTheSuccessorGivesUp() throws Exception {
        try (RawPeer successor = replaceRaw()) {
            successor.say(new Message.Abort("no memory"));
            assertThat(successor.hear(Message.RolledBack.class).reason()).contains("gave up: no memory");
        }
        assertServesAgain();
    }

    /** As a {@link java.util.concurrent.TimeoutException} has it. */
    @SuppressWarnings("NullAway")
    private static String nothing() {
        return new IllegalStateException().getMessage();
    }

    @Test
    void shouldNotRollBackWithoutAReason() throws Exception {
        try (Greeter young = replace(builder())) {
            assertThatNullPointerException()
                    .isThrownBy(() -> young.graceful.rollBack(nothing()))
                    .withMessage("reason");
            awaitAnswersFrom("young");
        }
    }

    @Test
    void shouldAnswerWhoWaitedMeanwhile() throws Exception {
        try (RawPeer successor = replaceRaw();
                Socket waiting = Greeter.connect(address)) {
            successor.close();
            assertThat(Greeter.read(waiting.getInputStream())).isEqualTo("old");
        }
    }

    @Test
    void shouldServeAgainWhenTheSuccessorIsSick() throws Exception {
        try (RawPeer successor = replaceRaw()) {
            successor.say(new Message.RollBack("no database"));
            assertThat(successor.hear(Message.RolledBack.class).reason()).contains("cannot serve: no database");
            successor.hearEnd();
        }
        assertServesAgain();
    }

    /** It serves by then: if nobody told it, both would. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldTellTheSuccessorThatServesWhenItsOwnHalfFailsThen(boolean after) throws Exception {
        Phases.watch((from, event, changed) -> {
            if (event == Phases.Event.SUCCESSOR_SERVING && changed == after) {
                throw new NoClassDefFoundError("expected by the test");
            }
        });
        try (RawPeer successor = RawPeer.takeOver(path(), Token.NONE)) {
            assertThat(successor.hear(Message.RolledBack.class).reason()).contains("expected by the test");
            successor.hearEnd();
        } finally {
            Phases.watch((from, event, changed) -> {});
        }
        assertServesAgain();
    }

    @Test
    void shouldServeAgainWhenTheSuccessorSaysNothing() throws Exception {
        try (RawPeer successor = replaceRaw()) {
            successor.say(new Message.Alive(false));
            assertThat(successor.hear(Message.RolledBack.class).reason())
                    .contains("hangs", "has said nothing for 5000 ms");
        }
        assertServesAgain();
    }

    @Test
    void shouldServeAgainWhenTheSuccessorSpeaksNonsense() throws Exception {
        try (RawPeer successor = replaceRaw()) {
            successor.say((byte) 0, (byte) 0, (byte) 0, (byte) 1, (byte) 99);
            assertServesAgain();
        }
    }

    @Test
    void shouldEndWhenItWasToldToStopBeforeTheSuccessorServed() throws Exception {
        try (RawPeer successor = new RawPeer(path())) {
            hearCommit(successor);
            CompletableFuture<ExitReport> stopped = old.graceful.stop();
            Awaitility.await().until(() -> old.graceful.runtime().isToEnd());
            successor.say(new Message.Serving(List.of()));
            successor.hear(Message.Confirmed.class);
            assertThat(stopped.join().handedOver()).isTrue();
        }
    }

    private void assertServesAgain() throws Exception {
        await(old, Phase.Serving.class);
        awaitAnswersFrom("old");
        try (Greeter young = replace(builder())) {
            awaitAnswersFrom("young");
        }
    }

    @Test
    void shouldServeForGoodOnceTheSuccessorSaysSo() throws Exception {
        try (RawPeer successor = replaceRaw()) {
            successor.say(new Message.Confirmed());
            successor.hear(Message.Confirmed.class);
            assertThat(successor.hear(Message.Drained.class).forced()).isZero();
        }
        assertThat(old.graceful.awaitExit().handedOver()).isTrue();
    }

    @Test
    void shouldNotEndBeforeProbationDoes() throws Exception {
        try (RawPeer successor = replaceRaw()) {
            successor.say(new Message.Alive(true));
            assertThat(old.graceful.exitFuture()).isNotDone();
            assertThat(old.graceful.isServing()).isFalse();
            successor.say(new Message.Confirmed());
            old.graceful.awaitExit();
        }
    }

    @Test
    void shouldLetTimeDecide() throws Exception {
        old.close();
        try (Greeter first = new Greeter("first", builder().probation(Duration.ofSeconds(1)))) {
            address = first.bind(ANY_PORT).localAddress();
            first.graceful.ready().join();
            try (Greeter second = new Greeter("second", builder())) {
                second.bind(address);
                second.graceful.ready().join();
                assertThat(first.graceful.awaitExit().handedOver()).isTrue();
                assertThat(Greeter.ask(address)).isEqualTo("second");
                assertThatThrownBy(() -> second.graceful.rollBack("late").join())
                        .hasMessageContaining("not on probation");
            }
        }
    }

    @Test
    void shouldGiveBack() throws Exception {
        try (Greeter young = replace(builder())) {
            awaitAnswersFrom("young");
            young.graceful.rollBack("no database").join();
            assertThat(young.graceful.awaitExit().handedOver()).isTrue();
            await(old, Phase.Serving.class);
            awaitAnswersFrom("old");
        }
        assertThat(Greeter.ask(unix)).isEqualTo("old"); // the path outlives who gave back
        assertServesAgain();
    }

    @Test
    void shouldServeAgainWhenTheSuccessorHasClosedItsListeners() throws Exception {
        try (Greeter young = new Greeter("young", builder())) {
            List<Channel> listeners = List.of(young.bind(address), young.bind(unix));
            young.graceful.ready().join();
            await(old, Phase.OnProbation.class);
            for (Channel listener : listeners) {
                listener.close().sync();
            }
            assertThat(young.graceful.awaitExit().handedOver()).isTrue();
            await(old, Phase.Serving.class);
            awaitAnswersFrom("old");
        }
        assertServesAgain();
    }

    @Test
    void shouldLetTheApplicationDecide() throws Exception {
        CompletableFuture<Void> verdict = new CompletableFuture<>();
        try (Greeter young = replace(builder().probationCheck(() -> verdict))) {
            assertThat(old.graceful.exitFuture()).isNotDone();
            verdict.complete(null);
            old.graceful.awaitExit();
            awaitAnswersFrom("young");
        }
    }

    @Test
    void shouldGiveBackWhenTheApplicationSaysSo() throws Exception {
        for (boolean thrown : new boolean[] {true, false}) {
            CompletableFuture<Void> verdict = new CompletableFuture<>();
            try (Greeter young = start(builder().probationCheck(() -> {
                if (thrown) {
                    throw new IllegalStateException("expected by the test");
                }
                return verdict;
            }))) {
                verdict.completeExceptionally(new IOException("no disk"));
                young.graceful.awaitExit();
            }
            await(old, Phase.Serving.class);
            awaitAnswersFrom("old");
        }
    }

    @Test
    void shouldTellWhoAskedForTheUpgrade() throws Exception {
        Greeter.ask(address);
        CompletableFuture<UpgradeResult> none = old.graceful.upgrade();
        assertThat(old.graceful.cancelUpgrade().join()).isTrue();
        assertThatThrownBy(none::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(HandoffException.class)
                .hasMessageContaining("it was cancelled");
        assertThat(old.graceful.cancelUpgrade().join()).isFalse();
    }

    @Test
    void shouldKeepWhatTheSuccessorDoesNotWantUntilProbationIsOver() throws Exception {
        try (Greeter young = new Greeter("young", builder())) {
            young.bind(address);
            young.graceful.ready().join();
            await(old, Phase.OnProbation.class);
            assertThat(Greeter.ask(unix)).isEqualTo("old");
            young.graceful.rollBack("it misses a listener").join();
            awaitAnswersFrom("old");
        }
        try (Greeter young = new Greeter("young", builder())) {
            young.bind(address);
            young.graceful.ready().join();
            old.graceful.stop().join();
            assertThat(directory.resolve("app.sock")).doesNotExist();
        }
    }

    @Test
    void shouldNotComeBackWhenTheSuccessorIsToldToStop() throws Exception {
        try (Greeter young = replace(builder())) {
            young.graceful.stop().join();
            assertThat(old.graceful.awaitExit().handedOver()).isTrue();
        }
        assertThatThrownBy(() -> Greeter.ask(address)).isInstanceOf(IOException.class);
    }

    @Test
    void shouldPassWhenTheNextUpgradeBegins() throws Exception {
        try (Greeter young = replace(builder());
                Greeter youngest = new Greeter("youngest", builder())) {
            youngest.bind(address);
            youngest.bind(unix);
            youngest.graceful.ready().join();
            old.graceful.awaitExit();
            awaitAnswersFrom("youngest");
            youngest.graceful.rollBack("sick").join();
            awaitAnswersFrom("young");
        }
    }

    @Test
    void shouldNotWaitForAnOlderGenerationWhenItIsToldToHurry() throws Exception {
        old.close();
        Greeter first = new Greeter("first", builder());
        Channel listener = first.bootstrap(ANY_PORT)
                .childHandler(new io.netty.channel.ChannelInboundHandlerAdapter())
                .bind(ANY_PORT)
                .sync()
                .channel();
        first.graceful.ready().join();
        try (Socket lasting = Greeter.connect(listener.localAddress())) {
            Awaitility.await()
                    .until(() -> !first.graceful
                            .runtime()
                            .parts()
                            .connections()
                            .open()
                            .isEmpty());
            try (Greeter second = new Greeter("second", builder())) {
                second.bind(listener.localAddress());
                second.graceful.ready().join();
                try (Greeter third = new Greeter("third", builder())) {
                    third.bind(listener.localAddress());
                    third.graceful.ready().join();
                    await(second, Phase.OnProbation.class);
                    second.graceful.stop();
                    second.graceful.stop().join();
                    assertThat(first.graceful.exitFuture()).isNotDone();
                    assertThat(lasting.isConnected()).isTrue();
                }
            }
            first.graceful.stop();
            first.close();
        }
    }

    @Test
    void shouldEndTheOldestGenerationBeyondTheCap() throws Exception {
        old.close();
        Greeter first = new Greeter("first", builder().maxDraining(1));
        Channel listener = first.bootstrap(ANY_PORT)
                .childHandler(new io.netty.channel.ChannelInboundHandlerAdapter())
                .bind(ANY_PORT)
                .sync()
                .channel();
        first.graceful.ready().join();
        try (first;
                Socket lasting = Greeter.connect(listener.localAddress());
                Greeter second = new Greeter("second", builder())) {
            Awaitility.await()
                    .until(() -> !first.graceful
                            .runtime()
                            .parts()
                            .connections()
                            .open()
                            .isEmpty());
            second.bind(listener.localAddress());
            second.graceful.ready().join();
            try (Greeter third = new Greeter("third", builder())) {
                third.bind(listener.localAddress());
                third.graceful.ready().join();
                assertThat(first.graceful.awaitExit().forced()).isEqualTo(1);
                assertThat(lasting.getInputStream().read()).isNegative();
            }
        }
    }
}

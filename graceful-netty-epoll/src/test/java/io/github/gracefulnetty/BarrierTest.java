// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.upgrade.Phase;
import io.github.gracefulnetty.internal.upgrade.Phases;
import io.github.gracefulnetty.internal.wire.Message;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the application's code does, and an error that nobody expected, fails one upgrade at most. */
@ExtendWith(DescriptorGate.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BarrierTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Duration SHORT = Duration.ofSeconds(2);
    private static final SocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    /** Never, as far as a test is concerned: when it is over. */
    private final CountDownLatch end = new CountDownLatch(1);

    @TempDir
    private Path directory = Path.of("");

    private Graceful.Builder builder() {
        return Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .drainTimeout(LONG)
                .probation(LONG);
    }

    private static Greeter start(Graceful.Builder settings, SocketAddress address) throws InterruptedException {
        Greeter greeter = new Greeter("first", settings);
        greeter.bind(address);
        return greeter;
    }

    /** One that serves at an address of its own. */
    private static Greeter serve(Graceful.Builder settings) throws InterruptedException {
        Greeter greeter = start(settings, ANY_PORT);
        greeter.graceful.ready().join();
        return greeter;
    }

    private static InetSocketAddress address(Greeter greeter) {
        String described =
                greeter.graceful.runtime().parts().register().describe().get(0);
        return new InetSocketAddress(
                "127.0.0.1", Integer.parseInt(described.replaceAll(".*127\\.0\\.0\\.1:(\\d+).*", "$1")));
    }

    @AfterEach
    void endWhatBlocks() {
        end.countDown();
        Phases.watch((from, event, after) -> {});
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void assertServesAndHandsOver(Greeter old) throws Exception {
        await().until(() -> old.graceful.runtime().phase() instanceof Phase.Serving);
        InetSocketAddress address = address(old);
        assertThat(Greeter.ask(address)).isEqualTo("first");
        try (Greeter young = new Greeter("next", builder())) {
            young.bind(address);
            young.graceful.ready().get(20, TimeUnit.SECONDS);
            await().until(() -> Greeter.ask(address).equals("next"));
        }
        assertThat(old.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                .isTrue();
    }

    /** A server of the application's that does not return from one method. */
    private ServerDrain blocking(String method) {
        return new ServerDrain() {
            private void block(String here) {
                if (method.equals(here)) {
                    awaitLatch(end);
                }
            }

            @Override
            public CompletionStage<?> drain(Collection<Channel> connections) {
                block("drain");
                return method.equals("force") ? new CompletableFuture<>() : CompletableFuture.completedFuture(null);
            }

            @Override
            public void resume() {
                block("resume");
            }

            @Override
            public void force() {
                block("force");
            }

            @Override
            public CompletionStage<?> end() {
                block("end");
                return CompletableFuture.completedFuture(null);
            }
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"drain", "force", "end", "resume"})
    void shouldGoOnAlthoughAServerBlocks(String method) throws Exception {
        try (Greeter old = start(builder().drainTimeout(SHORT), ANY_PORT)) {
            ServerChannels.of(old.graceful).drainedBy(blocking(method));
            old.graceful.ready().join();
            InetSocketAddress address = address(old);
            if (method.equals("resume")) {
                try (Greeter young = new Greeter("next", builder())) {
                    young.bind(address);
                    young.graceful.ready().join();
                    young.graceful.rollBack("as the test wants").join();
                }
            }
            assertServesAndHandsOver(old);
        }
    }

    enum BadState implements Callable<byte[]> {
        ERROR("'cache' could not be made: java.lang.NoClassDefFoundError: expected by the test") {
            @Override
            public byte[] call() {
                throw new NoClassDefFoundError("expected by the test");
            }
        },
        NOTHING("'cache' could not be made: its supplier returned null") {
            @Override
            @SuppressWarnings("NullAway") // what an application may do
            public byte[] call() {
                return null;
            }
        };

        private final String reason;

        BadState(String reason) {
            this.reason = reason;
        }
    }

    @ParameterizedTest
    @EnumSource(BadState.class)
    void shouldSayWhichStateCouldNotBeMade(BadState state) throws Exception {
        try (Greeter old = serve(builder())) {
            old.graceful.handOverState("cache", state);
            assertThatThrownBy(() -> builder().build())
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining(state.reason);
            old.graceful.handOverState("cache", () -> new byte[] {1});
            assertServesAndHandsOver(old);
        }
    }

    @Test
    void shouldSayWhichStateIsNeverMade() throws Exception {
        try (Greeter old = serve(builder().upgradeTimeout(SHORT))) {
            old.graceful.handOverState("fine", () -> new byte[] {1});
            old.graceful.handOverState("cache", () -> {
                awaitLatch(end);
                return new byte[] {1};
            });
            assertThatThrownBy(() -> builder().build())
                    .hasMessageContaining("was not ready within 2000 ms")
                    .hasMessageContaining("this process's own application has not made the state 'cache' yet");
            old.graceful.handOverState("cache", () -> new byte[] {1});
            assertServesAndHandsOver(old);
        }
    }

    static Stream<Arguments> badChecks() {
        Supplier<CompletionStage<?>> error = () -> {
            throw new AssertionError("expected by the test");
        };
        Supplier<CompletionStage<?>> nothing = BarrierTest::nothing;
        Supplier<CompletionStage<?>> undecided = CompletableFuture::new;
        return Stream.of(
                Arguments.of("error", error, "its own check says: java.lang.AssertionError: expected by the test"),
                Arguments.of("null", nothing, "its own check says: probationCheck returned null"),
                Arguments.of(
                        "undecided", undecided, "its own check says: probationCheck has not decided within 2000 ms"));
    }

    @SuppressWarnings("NullAway") // what an application may do
    private static CompletionStage<?> nothing() {
        return null;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badChecks")
    void shouldRollBackWhenTheCheckCannotDecide(String name, Supplier<CompletionStage<?>> check, String reason)
            throws Exception {
        try (Greeter old = serve(builder());
                LogLines log = new LogLines()) {
            try (Greeter young = start(builder().upgradeTimeout(SHORT).probationCheck(check), address(old))) {
                young.graceful.ready().get(20, TimeUnit.SECONDS);
                assertThat(young.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                        .isTrue();
            }
            assertThat(log.containing("this process serves again"))
                    .as(name)
                    .singleElement()
                    .asString()
                    .contains(reason);
            assertServesAndHandsOver(old);
        }
    }

    /** What {@code call} returns ends in an action that blocks for as long as the test runs. */
    private void block(Greeter greeter, Supplier<CompletableFuture<?>> call) {
        CountDownLatch held = new CountDownLatch(1);
        greeter.graceful.runtime().parts().control().execute(() -> awaitLatch(held));
        CountDownLatch blocking = block(call.get());
        held.countDown();
        awaitLatch(blocking);
    }

    private CountDownLatch block(CompletableFuture<?> future) {
        CountDownLatch blocking = new CountDownLatch(1);
        future.whenComplete((value, failure) -> {
            blocking.countDown();
            awaitLatch(end);
        });
        return blocking;
    }

    @Test
    void shouldUpgradeAndStopWhileCallbacksBlock() throws Exception {
        try (Greeter old = start(builder().upgradeCommand(List.of("false")), ANY_PORT)) {
            block(old, old.graceful::ready);
            block(old, old.graceful::upgrade);
            assertServesAndHandsOver(old);
        }
    }

    @Test
    void shouldEndWhileTheCallbackOfItsStopBlocks() throws Exception {
        try (Greeter old = serve(builder())) {
            block(old, old.graceful::stop);
            assertThat(old.graceful.stop().get(20, TimeUnit.SECONDS).handedOver())
                    .isFalse();
            await().until(() -> old.graceful.runtime().parts().control().loop().isTerminated());
        }
    }

    @Test
    void shouldEndWhileTheCallbacksOfItsUpgradeBlock() throws Exception {
        Path note = directory.resolve("note");
        try (Greeter old = serve(builder().upgradeCommand(StartedProcess.command(note)))) {
            CompletableFuture<UpgradeResult> upgrade = old.graceful.upgrade();
            try (StartedProcess started = StartedProcess.at(note);
                    RawPeer successor = RawPeer.takeOver(started.path(), started.ticket())) {
                CountDownLatch blocking =
                        block(upgrade.get(20, TimeUnit.SECONDS).confirmed());
                successor.say(new Message.Confirmed());
                awaitLatch(blocking);
                assertThat(old.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                        .isTrue();
            }
        }
    }

    private static void failUnexpectedly(Greeter greeter) {
        greeter.graceful.runtime().parts().control().execute(() -> {
            throw new NoClassDefFoundError("expected by the test");
        });
    }

    @Test
    void shouldFailTheUpgradeThatRunsWhenAnErrorIsThrown() throws Exception {
        try (Greeter old = serve(builder().upgradeCommand(List.of("sleep", "600")))) {
            CompletableFuture<UpgradeResult> upgrade = old.graceful.upgrade();
            await().until(() -> old.graceful.runtime().phase() instanceof Phase.Spawning);
            failUnexpectedly(old);
            assertThatThrownBy(() -> upgrade.get(20, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(HandoffException.class)
                    .hasMessageContaining("unexpected: java.lang.NoClassDefFoundError: expected by the test");
            assertServesAndHandsOver(old);
        }
    }

    @Test
    void shouldEndWhatACommandStartedThatForksInsteadOfTurningIntoTheSuccessor() throws Exception {
        Path note = directory.resolve("pid");
        List<String> forks = List.of("/bin/sh", "-c", "sleep 600 & echo $! > " + note + "; wait");
        try (Greeter old = serve(builder().upgradeTimeout(SHORT).upgradeCommand(forks))) {
            CompletableFuture<UpgradeResult> upgrade = old.graceful.upgrade();
            await().until(() -> Files.exists(note) && Files.size(note) > 0);
            long forked = Long.parseLong(Files.readString(note).trim());
            assertThatThrownBy(() -> upgrade.get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("it has not connected; it has started others, [" + forked + "]")
                    .hasMessageContaining("exec");
            await().until(() -> ProcessHandle.of(forked).isEmpty());
            assertServesAndHandsOver(old);
        }
    }

    @Test
    void shouldServeOnWhenAnErrorIsThrownAndNoUpgradeRuns() throws Exception {
        try (Greeter old = serve(builder())) {
            failUnexpectedly(old);
            assertServesAndHandsOver(old);
        }
    }

    @Test
    void shouldNotTakeOverWhenAnErrorIsThrownInTheSuccessor() throws Exception {
        try (Greeter old = serve(builder());
                LogLines log = new LogLines()) {
            try (Greeter young = start(builder(), address(old))) {
                failUnexpectedly(young);
                assertThatThrownBy(() -> young.graceful.ready().get(20, TimeUnit.SECONDS))
                        .hasMessageContaining("expected by the test");
            }
            await().until(() -> !log.containing("upgrade 1->2 failed").isEmpty());
            assertThat(log.containing("upgrade 1->2 failed"))
                    .singleElement()
                    .asString()
                    .contains("expected by the test");
            assertServesAndHandsOver(old);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldFailToBuildWhenAnErrorIsThrownMeanwhile(boolean late) throws Exception {
        try (Greeter old = serve(builder())) {
            Phases.watch((from, event, after) -> {
                if (event == Phases.Event.PREDECESSOR_FOUND && after == late) {
                    throw new NoClassDefFoundError("expected by the test");
                }
            });
            assertThatThrownBy(() -> builder().build())
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining("unexpected: java.lang.NoClassDefFoundError: expected by the test");
            Phases.watch((from, event, after) -> {});
            assertServesAndHandsOver(old);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.internal.upgrade.Phase;
import io.github.gracefulnetty.internal.upgrade.Phases;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** An application that says that it cannot serve. */
@ExtendWith(DescriptorGate.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FailTest {
    private final Throwable failure = new IllegalStateException("context", new IOException("no database"));

    @TempDir
    private Path directory = Path.of("");

    private final LogLines log = new LogLines();
    private Greeter old;
    private SocketAddress address;

    private Graceful.Builder builder() {
        return Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .drainTimeout(Duration.ofMinutes(2))
                .probation(Duration.ofMinutes(2));
    }

    @BeforeEach
    void start() throws Exception {
        old = new Greeter("old", builder());
        address = old.bind(new InetSocketAddress("127.0.0.1", 0)).localAddress();
        old.graceful.ready().join();
    }

    @AfterEach
    void shouldServeAndHandOver() throws Exception {
        log.close();
        try (Greeter last = old) {
            await().until(() -> last.graceful.runtime().phase() instanceof Phase.Serving);
            await().until(() -> Greeter.ask(address).equals("old"));
            try (Greeter next = young()) {
                next.graceful.ready().get(20, TimeUnit.SECONDS);
                await().until(() -> Greeter.ask(address).equals("young"));
            }
            assertThat(last.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                    .isTrue();
        }
    }

    private Greeter young() throws InterruptedException {
        Greeter young = new Greeter("young", builder());
        young.bind(address);
        return young;
    }

    private void assertLogged(String line, String reason) {
        await().until(() -> !log.containing(line).isEmpty());
        assertThat(log.containing(line)).singleElement().asString().contains(reason);
    }

    @Test
    void shouldTellThePredecessorBeforeItIsReady() throws Exception {
        try (Greeter young = young()) {
            young.graceful.fail(failure);
            assertThatThrownBy(() -> young.graceful.exitFuture().get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("its application failed: no database");
            assertThatThrownBy(() -> young.graceful.ready().get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("its application failed: no database");
        }
        assertLogged("upgrade 1->2 failed", "its application failed: no database");
    }

    @Test
    void shouldTellThePredecessorWhenItIsReadyAndDoesNotServeYet() throws Exception {
        try (Greeter young = young()) {
            Phases.watch((from, event, after) -> {
                if (event == Phases.Event.READY && after) {
                    young.graceful.fail(failure);
                }
            });
            assertThatThrownBy(() -> young.graceful.ready().get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("its application failed: no database");
            assertThatThrownBy(() -> young.graceful.exitFuture().get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("its application failed: no database");
        } finally {
            Phases.watch((from, event, after) -> {});
        }
        assertLogged("upgrade 1->2 failed", "its application failed: no database");
    }

    @Test
    void shouldStopWhenItIsReadyAndDoesNotServeYet() throws Exception {
        try (Greeter young = young()) {
            Phases.watch((from, event, after) -> {
                if (event == Phases.Event.READY && after) {
                    young.graceful.stop();
                }
            });
            assertThatThrownBy(() -> young.graceful.ready().get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("stopped before it served");
            assertThat(young.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                    .isFalse();
        } finally {
            Phases.watch((from, event, after) -> {});
        }
        assertLogged("upgrade 1->2 failed", "the successor was told to stop");
    }

    @Test
    void shouldStopWhenItsPredecessorKnowsThatItServesAndNotBefore() throws Exception {
        try (Greeter young = young()) {
            Phases.watch((from, event, after) -> {
                if (event == Phases.Event.COMMITTED && after) {
                    young.graceful.stop();
                }
            });
            young.graceful.ready().get(20, TimeUnit.SECONDS);
            assertThat(young.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                    .isFalse();
            assertThat(old.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                    .isTrue();
        } finally {
            Phases.watch((from, event, after) -> {});
        }
        assertThat(log.containing("upgrade 1->2 failed")).isEmpty();
        old.close();
        old = new Greeter("old", builder());
        old.bind(address);
        old.graceful.ready().join();
    }

    @Test
    void shouldRefuseAnUpgradeWhileItsPredecessorDoesNotKnowThatItServes() throws Exception {
        CompletableFuture<UpgradeResult> upgrade = new CompletableFuture<>();
        try (Greeter young = young()) {
            Phases.watch((from, event, after) -> {
                if (event == Phases.Event.COMMITTED && after) {
                    young.graceful.upgrade().whenComplete((result, failed) -> upgrade.completeExceptionally(failed));
                }
            });
            young.graceful.ready().get(20, TimeUnit.SECONDS);
            assertThatThrownBy(() -> upgrade.get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("it takes over itself, and has only just begun to accept");
            await().until(() -> old.graceful.runtime().phase() instanceof Phase.OnProbation);
            young.graceful.rollBack("enough").get(20, TimeUnit.SECONDS);
        } finally {
            Phases.watch((from, event, after) -> {});
        }
    }

    @Test
    void shouldRollBackOnProbation() throws Exception {
        try (Greeter young = young()) {
            young.graceful.ready().get(20, TimeUnit.SECONDS);
            await().until(() -> old.graceful.runtime().phase() instanceof Phase.OnProbation);
            young.graceful.fail(failure);
            assertThat(young.graceful.exitFuture().get(20, TimeUnit.SECONDS).handedOver())
                    .isTrue();
        }
        assertLogged("upgrade 1->2 rolled back", "its application failed: no database");
    }

    @Test
    void shouldServeOnWhereNobodyCouldServeInstead() throws Exception {
        old.graceful.fail(failure);
        assertThat(old.graceful.cancelUpgrade().get(20, TimeUnit.SECONDS)).isFalse(); // it has been heard
        assertThat(old.graceful.isServing()).isTrue();
        assertLogged("the application failed: no database", "nothing can be rolled back");
    }
}

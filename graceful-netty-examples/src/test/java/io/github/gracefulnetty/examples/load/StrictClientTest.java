// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static io.github.gracefulnetty.examples.load.Loads.run;
import static io.github.gracefulnetty.examples.load.Loads.to;
import static io.github.gracefulnetty.examples.load.ScriptedServer.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.examples.load.Incident.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictClientTest {

    /** Longer than any test, so that a paced client sends one request only. */
    private static final Duration FOREVER = Duration.ofHours(1);

    private static final Duration BRIEFLY = Duration.ofMillis(5);

    @Test
    void countsEveryAnswerOfKeepAliveConnections() throws Exception {
        try (ScriptedServer server = ScriptedServer.start(ScriptedServer::behave)) {
            LoadResult result = run(to(server).busy(3).paced(2, BRIEFLY), each -> each.answered() >= 500);

            assertThat(result.clean()).as("%s", result).isTrue();
            assertThat(result.sent()).isEqualTo(result.answered());
            assertThat(result.reconnects()).isZero();
            assertThat(result.inFlight()).isZero();
            assertThat(server.connections()).isEqualTo(5);
            assertThat(result.generation(1).orElseThrow().pid()).isEqualTo(100);
            assertThat(result.generation(1).orElseThrow().answered()).isEqualTo(result.answered());
            assertThat(result.latency().count()).isEqualTo(result.answered());
            assertThat(result.timeline().buckets().stream()
                            .mapToLong(each -> each.answers().getOrDefault(1, 0L))
                            .sum())
                    .isEqualTo(result.answered());
        }
    }

    @Test
    void reconnectsWithoutLossWhenTheServerClosesAnIdleConnection() throws Exception {
        LoadResult result = run(
                peer -> {
                    if (peer.awaitRequest()) {
                        peer.answer(100, 1);
                    }
                    if (peer.number > 0) {
                        peer.awaitRequest();
                    }
                },
                client -> client.paced(1, FOREVER),
                each -> each.reconnects() == 1 && each.connections() == 1);

        assertThat(result.clean()).as("%s", result).isTrue();
        assertThat(result.sent()).isEqualTo(1);
        assertThat(result.incidents()).singleElement().satisfies(each -> {
            assertThat(each.kind()).isEqualTo(Kind.RECONNECT);
            assertThat(each.request()).isEqualTo(1);
            assertThat(each.generation()).isEqualTo(1);
        });
    }

    @Test
    void reconnectsWithoutLossWhenTheServerSaysConnectionClose() throws Exception {
        LoadResult result = run(
                peer -> {
                    if (peer.awaitRequest()) {
                        peer.send(response(100, 1, "Connection: close\r\n"));
                    }
                    peer.awaitEnd();
                },
                client -> client.busy(1).paced(1, BRIEFLY),
                each -> each.answered() >= 20);

        assertThat(result.clean()).as("%s", result).isTrue();
        assertThat(result.sent()).isEqualTo(result.answered());
        assertThat(result.reconnects()).isBetween(result.answered() - 2, result.answered());
        assertThat(result.generation(1).orElseThrow().reconnects()).isEqualTo(result.reconnects());
    }

    @Test
    void opensAConnectionForEachFreshRequestAndLeavesTheClosingToTheServer() throws Exception {
        Queue<String> requests = new ConcurrentLinkedQueue<>();
        try (ScriptedServer server = ScriptedServer.start(peer -> {
            if (peer.awaitRequest()) {
                requests.add(peer.request());
                peer.answer(100, 1);
                if (peer.endsWithin(Duration.ofMillis(20))) {
                    throw new IOException("the client closed first");
                }
            }
        })) {
            LoadResult result = run(
                    to(server).fresh(4).path("/slow?ms=1"), each -> each.answered() >= 200 && server.failure() == null);

            assertThat(result.clean()).as("%s", result).isTrue();
            assertThat(result.reconnects()).isZero();
            assertThat(requests)
                    .hasSize((int) result.sent())
                    .allSatisfy(each -> assertThat(each)
                            .startsWith("GET /slow?ms=1 HTTP/1.1\r\n")
                            .contains("\r\nConnection: close\r\n"));
        }
    }

    @Test
    void closesAFreshConnectionThatTheServerLeavesOpen() throws Exception {
        LoadResult result = run(
                peer -> {
                    if (peer.awaitRequest()) {
                        peer.answer(100, 1);
                    }
                    peer.awaitEnd();
                },
                client -> client.fresh(1),
                each -> each.answered() == 2);

        assertThat(result.clean()).as("%s", result).isTrue();
        assertThat(result.reconnects()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void countsEachConnectThatFailsAsRefused(boolean keepAlive) throws Exception {
        InetSocketAddress address = unusedAddress();
        Profile profile = keepAlive ? Profile.busy(1) : Profile.fresh(1, Duration.ZERO);
        LoadResult result = run(StrictClient.builder().address(address).profile(profile), each -> each.refused() >= 25);

        assertThat(result.sent()).isZero();
        assertThat(result.clean()).isFalse();
        assertThat(result.incidents()).hasSize(20).allSatisfy(each -> {
            assertThat(each.kind()).isEqualTo(Kind.REFUSED);
            assertThat(each.cause()).contains("refused");
        });
        assertThat(result.generations()).singleElement().satisfies(each -> {
            assertThat(each.generation()).isZero();
            assertThat(each.refused()).isEqualTo(result.refused());
        });
    }

    @Test
    void countsARequestWithoutResponseAsStuckNotAsLost() throws Exception {
        LoadResult result = run(
                peer -> {
                    peer.awaitRequest();
                    peer.awaitRequest();
                },
                client -> client.paced(1, FOREVER).stuckLimit(Duration.ofMillis(300)),
                each -> each.stuck() == 1);

        assertThat(result.lost()).isZero();
        assertThat(result.reconnects()).isZero();
        assertThat(result.sent()).isEqualTo(1);
        assertThat(result.inFlight()).isZero();
        assertThat(result.clean()).isFalse();
        assertThat(result.incidents()).singleElement().satisfies(each -> {
            assertThat(each.kind()).isEqualTo(Kind.STUCK);
            assertThat(each.inFlight()).isGreaterThan(Duration.ofMillis(300));
        });
    }

    @Test
    void countsARequestThatIsUnansweredWhenTheLoadIsStoppedAsStuck() throws Exception {
        LoadResult result = run(
                peer -> {
                    peer.awaitRequest();
                    peer.awaitRequest();
                },
                client -> client.busy(3).stuckLimit(Duration.ofMillis(500)),
                each -> each.inFlight() == 3);

        assertThat(result.stuck()).isEqualTo(3);
        assertThat(result.sent()).isEqualTo(3);
        assertThat(result.inFlight()).isZero();
    }

    @Test
    void letsRequestsInFlightFinishWhenItIsStopped() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        try (ScriptedServer server = ScriptedServer.start(peer -> {
            while (peer.awaitRequest()) {
                Loads.pass(release);
                peer.answer(100, 1);
            }
        })) {
            StrictClient client = to(server).busy(2).fresh(2).paced(1, FOREVER).start();
            await().until(() -> client.snapshot().inFlight() == 5);
            CompletableFuture<LoadResult> stopped = CompletableFuture.supplyAsync(client::stop);
            release.countDown();

            LoadResult result = stopped.join();
            assertThat(result.answered()).as("%s", result).isEqualTo(result.sent());
            assertThat(result.clean()).as("%s", result).isTrue();
            assertThat(result.connections()).isZero();
            assertThat(client.stop()).isSameAs(result);
            assertThat(client.snapshot()).isSameAs(result);
        }
    }

    @Test
    void noticesAResponseThatNobodyAskedFor() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        try (ScriptedServer server = ScriptedServer.start(peer -> {
            peer.awaitRequest();
            peer.answer(100, 1);
            Loads.pass(answered);
            peer.answer(200, 2);
            peer.awaitEnd();
        })) {
            StrictClient client = to(server).paced(1, FOREVER).start();
            await().until(() -> client.snapshot().answered() == 1);
            answered.countDown();
            await().until(() -> client.snapshot().unsolicited() == 1);

            LoadResult result = client.stop();
            assertThat(result.clean()).isFalse();
            assertThat(result.answered()).isEqualTo(1);
            assertThat(result.lost() + result.reconnects()).isZero();
            assertThat(result.incidents().get(0).cause()).contains("bytes without a request");
        }
    }

    @Test
    void refusesToStartWithoutAddressOrClients() {
        assertThatThrownBy(() -> StrictClient.builder().busy(1).start()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> StrictClient.builder()
                        .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), 1))
                        .start())
                .isInstanceOf(IllegalStateException.class);
    }

    private static InetSocketAddress unusedAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return (InetSocketAddress) socket.getLocalSocketAddress();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static io.github.gracefulnetty.examples.load.Loads.run;
import static io.github.gracefulnetty.examples.load.Loads.to;
import static io.github.gracefulnetty.examples.load.ScriptedServer.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.Incident.Kind;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictClientLossTest {

    private static final Duration BRIEFLY = Duration.ofMillis(5);

    @Test
    void losesARequestWhoseConnectionIsClosedWithoutAnswer() throws Exception {
        LoadResult result = misbehaveOnce(ScriptedServer.Peer::awaitRequest, each -> each.answered() >= 10);

        assertOneLost(result, "closed by the server after 0 bytes");
    }

    @Test
    void losesARequestWhoseConnectionIsReset() throws Exception {
        LoadResult result = misbehaveOnce(
                peer -> {
                    peer.awaitRequest();
                    peer.reset();
                },
                each -> each.answered() >= 10);

        assertOneLost(result, "reset");
    }

    @Test
    void losesARequestWhoseResponseIsCutShort() throws Exception {
        String whole = response(100, 1, "");
        LoadResult result = misbehaveOnce(
                peer -> {
                    peer.awaitRequest();
                    peer.send(whole.substring(0, whole.length() - 1));
                },
                each -> each.answered() >= 10);

        assertOneLost(result, "closed by the server after " + (whole.length() - 1) + " bytes of the response");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK\n",
                "HTTP/1.1 200 OK\r\n\r\n100 1\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n100 1\n100 1\n",
            })
    void losesARequestWhoseResponseIsNotWhatItAskedFor(String response) throws Exception {
        LoadResult result = misbehaveOnce(
                peer -> {
                    peer.awaitRequest();
                    peer.send(response);
                    peer.awaitRequest();
                },
                each -> each.answered() >= 10);

        assertOneLost(result, "HTTP/1.1 ");
    }

    @Test
    void losesARequestOfAFreshConnectionThatIsClosedWithoutAnswer() throws Exception {
        try (ScriptedServer server = ScriptedServer.start(peer -> {
            if (peer.awaitRequest() && peer.number != 7) {
                peer.answer(100, 1);
            }
        })) {
            LoadResult result = run(to(server).fresh(2), each -> each.sent() >= 100);

            assertOneLost(result, "closed by the server after 0 bytes");
            assertThat(result.incidents().get(0).profile()).isEqualTo("fresh");
        }
    }

    @Test
    void attributesALossToTheProcessThatHeldTheConnection() throws Exception {
        CountDownLatch successorIsKnown = new CountDownLatch(1);
        LoadResult result = run(
                peer -> {
                    peer.awaitRequest();
                    if (peer.number == 0) {
                        peer.answer(100, 1);
                        peer.awaitRequest();
                        Loads.pass(successorIsKnown);
                        return;
                    }
                    peer.answer(200, 2);
                    while (peer.awaitRequest()) {
                        successorIsKnown.countDown();
                        peer.answer(200, 2);
                    }
                },
                client -> client.paced(2, BRIEFLY),
                each -> each.lost() == 1);

        assertThat(result.generation(1).orElseThrow().lost()).isEqualTo(1);
        assertThat(result.generation(2).orElseThrow().lost()).isZero();
        assertThat(result.newestGeneration()).isEqualTo(2);
        Incident incident = result.incidents().get(0);
        assertThat(incident.request()).isEqualTo(2);
        assertThat(incident.generation()).isEqualTo(1);
        assertThat(incident.newestGeneration()).isEqualTo(2);
        assertThat(incident.localAddress()).contains("127.0.0.1:");
        assertThat(incident.toString()).contains("paced LOST", "closed by the server", "request 2");
    }

    private static void assertOneLost(LoadResult result, String cause) {
        assertThat(result.lost()).as("%s", result).isEqualTo(1);
        assertThat(result.sent()).isEqualTo(result.answered() + 1);
        assertThat(result.refused() + result.stuck() + result.unsolicited() + result.reconnects())
                .isZero();
        assertThat(result.clean()).isFalse();
        assertThat(result.incidents()).singleElement().satisfies(each -> {
            assertThat(each.kind()).isEqualTo(Kind.LOST);
            assertThat(each.cause()).contains(cause);
            assertThat(each.request()).isEqualTo(1);
        });
    }

    /** The server misbehaves on its first connection only. */
    private static LoadResult misbehaveOnce(ScriptedServer.Script how, Predicate<LoadResult> until) throws Exception {
        return run(
                peer -> {
                    if (peer.number == 0) {
                        how.serve(peer);
                    } else {
                        ScriptedServer.behave(peer);
                    }
                },
                client -> client.busy(1),
                until);
    }
}

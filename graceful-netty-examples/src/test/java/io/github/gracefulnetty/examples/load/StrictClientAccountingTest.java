// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static io.github.gracefulnetty.examples.load.ScriptedServer.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the client's accounts with those of a server that does everything wrong at random. */
class StrictClientAccountingTest {

    private final AtomicLong answered = new AtomicLong();
    private final AtomicLong saidClose = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final AtomicLong successor = new AtomicLong();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void agreesWithTheServerOnEveryRequest(long seed) throws Exception {
        try (ScriptedServer server =
                ScriptedServer.start(peer -> serve(peer, new Random(seed * 1_000_003 + peer.number)))) {
            StrictClient client = StrictClient.builder()
                    .address(server.address())
                    .busy(8)
                    .paced(20, Duration.ofMillis(10))
                    .start();
            await().until(() -> client.snapshot().sent() >= 3_000);
            LoadResult result = client.stop();
            await().until(() -> server.live() == 0);

            assertThat(server.failure()).isNull();
            assertThat(result.answered()).as("%s", result).isEqualTo(answered.get());
            assertThat(result.lost()).as("%s", result).isEqualTo(lost.get()).isPositive();
            assertThat(result.sent()).isEqualTo(answered.get() + lost.get());
            assertThat(result.refused() + result.stuck() + result.unsolicited()).isZero();
            // one that is stopped at such an answer opens no other connection
            assertThat(result.reconnects()).isBetween(saidClose.get() - 28, saidClose.get());
            assertThat(result.generation(2).orElseThrow().answered()).isEqualTo(successor.get());
            assertThat(result.generations().stream()
                            .mapToLong(GenerationResult::answered)
                            .sum())
                    .isEqualTo(answered.get());
            assertThat(result.generations().stream()
                            .mapToLong(GenerationResult::lost)
                            .sum())
                    .isEqualTo(lost.get());
            assertThat(result.timeline().buckets().stream()
                            .flatMap(bucket -> bucket.answers().values().stream())
                            .mapToLong(Long::longValue)
                            .sum())
                    .isEqualTo(answered.get());
        }
    }

    private void serve(ScriptedServer.Peer peer, Random random) throws IOException {
        while (peer.awaitRequest()) {
            int generation = 1 + random.nextInt(2);
            int fate = random.nextInt(40);
            if (fate < 36) {
                answered.incrementAndGet();
                successor.addAndGet(generation - 1);
            } else {
                lost.incrementAndGet();
            }
            switch (fate) {
                case 34, 35 -> {
                    saidClose.incrementAndGet();
                    peer.send(response(generation, generation, "Connection: close\r\n"));
                    peer.awaitEnd();
                    return;
                }
                case 36 -> {
                    return;
                }
                case 37 -> {
                    peer.reset();
                    return;
                }
                case 38 -> {
                    String whole = response(generation, generation, "");
                    peer.send(whole.substring(0, 1 + random.nextInt(whole.length() - 1)));
                    return;
                }
                case 39 -> {
                    peer.send("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
                    peer.awaitEnd();
                    return;
                }
                default -> peer.answer(generation, generation);
            }
        }
    }
}

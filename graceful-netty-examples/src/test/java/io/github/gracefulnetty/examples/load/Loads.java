// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;

/** Runs loads until something has happened. */
final class Loads {

    private Loads() {}

    interface Load {
        StrictClient.Builder of(StrictClient.Builder builder);
    }

    static LoadResult run(ScriptedServer.Script script, Load load, Predicate<LoadResult> until) throws Exception {
        try (ScriptedServer server = ScriptedServer.start(script)) {
            LoadResult result = run(load.of(to(server)), until);
            await().until(() -> server.live() == 0);
            assertThat(server.failure()).isNull();
            return result;
        }
    }

    static LoadResult run(StrictClient.Builder load, Predicate<LoadResult> until) {
        try (StrictClient client = load.start()) {
            await().pollInterval(Duration.ofMillis(5)).until(client::snapshot, until);
            return client.stop();
        }
    }

    static StrictClient.Builder to(ScriptedServer server) {
        return StrictClient.builder().address(server.address());
    }

    static void pass(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}

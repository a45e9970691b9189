// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.vertx;

import io.github.gracefulnetty.ExitReport;
import io.github.gracefulnetty.Graceful;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One generation, in this JVM: it finds the one before through a handoff path. */
final class Generation implements AutoCloseable {
    final Graceful graceful;
    final Vertx vertx;

    Generation(Path directory) {
        graceful = Graceful.builder()
                .handoffPath(directory.resolve("handoff.sock"))
                .drainTimeout(Duration.ofSeconds(60))
                .build();
        vertx = GracefulVertx.vertx(graceful, new VertxOptions().setEventLoopPoolSize(2));
    }

    String name() {
        return "generation " + graceful.generation();
    }

    /** Serves; its predecessor drains from then on. */
    Generation ready() {
        graceful.ready().orTimeout(30, TimeUnit.SECONDS).join();
        return this;
    }

    ExitReport exit() throws Exception {
        return graceful.exitFuture().get(30, TimeUnit.SECONDS);
    }

    static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new CompletionException(e);
        }
    }

    @Override
    public void close() {
        graceful.stop();
        graceful.stop()
                .orTimeout(30, TimeUnit.SECONDS)
                .handle((report, failure) -> report)
                .join();
        await(vertx.close());
    }
}

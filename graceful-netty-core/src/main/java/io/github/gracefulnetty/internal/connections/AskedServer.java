// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import io.github.gracefulnetty.connection.ServerDrain;
import io.github.gracefulnetty.internal.protocols.DrainGuard;
import io.netty.channel.Channel;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A server of the application's that ends its connections itself. It is asked one thing after the other, on a thread that it
 * may block and that is there only meanwhile: one that never returns holds up nobody else. Whatever it throws is logged.
 */
final class AskedServer {
    private final ServerDrain server;
    private final Queue<Runnable> questions = new ArrayDeque<>();
    private boolean asking;

    AskedServer(ServerDrain server) {
        this.server = server;
    }

    /** @return completes, on any thread, when it has answered, or failed */
    CompletableFuture<Void> drain(Collection<Channel> connections) {
        return ask("drain()", () -> server.drain(connections));
    }

    /** @return completes, on any thread, when it has answered, or failed */
    CompletableFuture<Void> end() {
        return ask("end()", server::end);
    }

    void resume() {
        add(() -> DrainGuard.quietly(server, "could not be resumed", server::resume));
    }

    void force() {
        add(() -> DrainGuard.quietly(server, "could not be ended by force", server::force));
    }

    private CompletableFuture<Void> ask(String method, Supplier<CompletionStage<?>> question) {
        CompletableFuture<Void> answered = new CompletableFuture<>();
        add(() -> DrainGuard.run(
                server,
                method + " failed",
                () -> Objects.requireNonNull(question.get(), method + " returned null: return a CompletionStage")
                        .whenComplete((nothing, failure) -> answered(method, failure, answered)),
                () -> answered.complete(null)));
        return answered;
    }

    private void answered(String method, @Nullable Throwable failure, CompletableFuture<Void> answered) {
        if (failure != null) {
            DrainGuard.warn(server, method + " failed", failure);
        }
        answered.complete(null);
    }

    private void add(Runnable question) {
        synchronized (questions) {
            questions.add(question);
            if (asking) {
                return;
            }
            asking = true;
        }
        try {
            Thread thread = new Thread(this::askAll, "graceful-netty-server-drain");
            thread.setDaemon(true);
            thread.start();
        } catch (Throwable t) { // this user may have no more threads
            askAll();
        }
    }

    private void askAll() {
        for (Runnable question = next(); question != null; question = next()) {
            question.run();
        }
    }

    private @Nullable Runnable next() {
        synchronized (questions) {
            Runnable question = questions.poll();
            asking = question != null;
            return question;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import io.vertx.core.AbstractVerticle;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import java.util.function.Consumer;

/**
 * Says which process answers: {@code /} at once, {@code /slow?ms=N} after so many milliseconds. A WebSocket gets its text
 * messages back, after the generation and a space.
 */
final class WebVerticle extends AbstractVerticle {
    private final HttpServerOptions options;
    private final int generation;
    private final Consumer<HttpServer> whenListening;
    private final String answer;

    WebVerticle(HttpServerOptions options, int generation, Consumer<HttpServer> whenListening) {
        this.options = options;
        this.generation = generation;
        this.whenListening = whenListening;
        answer = ProcessHandle.current().pid() + " " + generation + "\n";
    }

    @Override
    public void start(Promise<Void> started) {
        vertx.createHttpServer(options)
                .requestHandler(this::answer)
                .webSocketHandler(this::echo)
                .listen()
                .onSuccess(whenListening::accept)
                .<Void>mapEmpty()
                .onComplete(started);
    }

    private void answer(HttpServerRequest request) {
        String delay = request.getParam("ms");
        if (delay == null || Integer.parseInt(delay) <= 0) {
            request.response().end(answer);
        } else {
            vertx.setTimer(Integer.parseInt(delay), timer -> request.response().end(answer));
        }
    }

    private void echo(ServerWebSocket socket) {
        socket.textMessageHandler(text -> socket.writeTextMessage(generation + " " + text));
    }
}

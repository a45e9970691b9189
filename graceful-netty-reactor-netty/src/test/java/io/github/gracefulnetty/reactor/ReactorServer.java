// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor;

import io.github.gracefulnetty.Graceful;
import java.nio.file.Path;
import java.time.Duration;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** A server in a process of its own: port, and a handoff path if there is one. */
final class ReactorServer {
    private ReactorServer() {}

    public static void main(String[] arguments) throws Exception {
        Graceful.Builder builder =
                Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM").drainTimeout(Duration.ofSeconds(60));
        if (arguments.length > 1) {
            builder.handoffPath(Path.of(arguments[1]));
        }
        Graceful graceful = builder.build();
        String who = ProcessHandle.current().pid() + " " + graceful.generation() + "\n";
        GracefulLoopResources loops = GracefulLoopResources.of(graceful);
        DisposableServer server = HttpServer.create()
                .host("127.0.0.1")
                .port(Integer.parseInt(arguments[0]))
                .runOn(loops)
                .route(routes -> routes.get("/", (request, response) -> response.sendString(Mono.just(who)))
                        .get(
                                "/slow",
                                (request, response) -> response.sendString(
                                        Mono.delay(Duration.ofSeconds(2)).map(tick -> who))))
                .bindNow();
        graceful.ready().join();
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                + " port=" + server.port());
        graceful.awaitExit();
        server.onDispose().block();
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(5)).block();
    }
}

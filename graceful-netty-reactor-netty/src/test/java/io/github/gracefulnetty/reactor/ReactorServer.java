// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor;

import io.github.gracefulnetty.Graceful;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;

/** A server in a process of its own. Its options: {@code --handoff=PATH}, {@code --h2c}, {@code --busy}. */
final class ReactorServer {
    private ReactorServer() {}

    public static void main(String[] arguments) throws Exception {
        Graceful.Builder builder =
                Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM").drainTimeout(Duration.ofSeconds(60));
        List<String> options = List.of(arguments);
        options.stream()
                .filter(option -> option.startsWith("--handoff="))
                .forEach(option -> builder.handoffPath(Path.of(option.substring(option.indexOf('=') + 1))));
        Graceful graceful = builder.build();
        String who = ProcessHandle.current().pid() + " " + graceful.generation() + "\n";
        GracefulLoopResources loops = GracefulLoopResources.of(graceful);
        if (options.contains("--busy")) {
            keepBusy(loops);
        }
        DisposableServer server = HttpServer.create()
                .protocol(options.contains("--h2c") ? HttpProtocol.H2C : HttpProtocol.HTTP11)
                .host("127.0.0.1")
                .port(0)
                .runOn(loops)
                .route(routes -> routes.get("/", (request, response) -> response.sendString(Mono.just(who)))
                        .get(
                                "/soon",
                                (request, response) -> response.sendString(
                                        Mono.delay(Duration.ofMillis(20)).map(tick -> who)))
                        .get(
                                "/slow",
                                (request, response) -> response.sendString(
                                        Mono.delay(Duration.ofSeconds(2)).map(tick -> who))))
                .bindNow();
        graceful.ready().join();
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                + " address=127.0.0.1:" + server.port());
        graceful.awaitExit();
        server.onDispose().block();
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(5)).block();
    }

    /** The loops that accept have other things to do most of the time: connections queue, while they serve and are paused. */
    private static void keepBusy(GracefulLoopResources loops) {
        loops.onServerSelect(true)
                .forEach(loop -> loop.scheduleWithFixedDelay(
                        () -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30)), 0, 5, TimeUnit.MILLISECONDS));
    }
}

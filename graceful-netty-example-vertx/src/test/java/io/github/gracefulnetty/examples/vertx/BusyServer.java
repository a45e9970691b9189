// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.vertx.GracefulVertx;
import io.netty.channel.EventLoopGroup;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.lang.reflect.Method;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The loop that accepts has other things to do most of the time: connections queue, while it serves and as it is paused. */
public final class BusyServer {
    private BusyServer() {}

    public static void main(String... arguments) throws Exception {
        Graceful graceful =
                Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM").build();
        Vertx vertx = GracefulVertx.vertx(graceful);
        acceptors(vertx)
                .forEach(loop -> loop.scheduleWithFixedDelay(
                        () -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30)), 0, 5, TimeUnit.MILLISECONDS));
        CompletableFuture<Integer> port = new CompletableFuture<>();
        // One instance: with port 0 each has a port of its own.
        vertx.deployVerticle(
                () -> new WebVerticle(
                        new HttpServerOptions().setHost("127.0.0.1").setPort(0),
                        graceful.generation(),
                        server -> port.complete(server.actualPort())),
                new DeploymentOptions());
        int actualPort = port.get(60, TimeUnit.SECONDS);
        graceful.ready().join();
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                + " address=127.0.0.1:" + actualPort);
        graceful.awaitExit();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    /** The public method is on an internal interface, which is in another package in each line of Vert.x. */
    private static EventLoopGroup acceptors(Vertx vertx) throws ReflectiveOperationException {
        Deque<Class<?>> types = new ArrayDeque<>();
        for (Class<?> type = vertx.getClass(); type != null; type = type.getSuperclass()) {
            types.addAll(List.of(type.getInterfaces()));
        }
        while (!types.isEmpty()) {
            Class<?> type = types.remove();
            for (Method method : type.getMethods()) {
                if (method.getName().equals("acceptorEventLoopGroup")) {
                    return (EventLoopGroup) method.invoke(vertx);
                }
            }
            types.addAll(List.of(type.getInterfaces()));
        }
        throw new NoSuchMethodException("acceptorEventLoopGroup");
    }
}

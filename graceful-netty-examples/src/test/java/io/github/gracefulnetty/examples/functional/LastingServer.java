// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.github.gracefulnetty.examples.http.HttpInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A process that outlives its servers: takes over each time that its test lets it, and ends the event loops of a server at
 * the very moment when all its connections have left. Arguments: directory of the steps, what the steps begin with, how
 * often, handoff path, port. After the last time it ends, with the step {@code <prefix>end} if it serves.
 */
final class LastingServer {
    private LastingServer() {}

    public static void main(String... arguments) throws Exception {
        Steps steps = new Steps(Path.of(arguments[0]));
        String prefix = arguments[1];
        int times = Integer.parseInt(arguments[2]);
        Graceful graceful = null;
        for (int i = 1; i <= times; i++) {
            String step = prefix + i;
            steps.await(step);
            graceful = serve(step, Path.of(arguments[3]), Integer.parseInt(arguments[4]));
            Steps.done(step);
        }
        steps.await(prefix + "end");
        if (graceful != null) {
            graceful.stop();
            graceful.awaitExit();
        }
    }

    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    private static Graceful serve(String step, Path handoffPath, int port) throws InterruptedException {
        Graceful graceful = Graceful.builder()
                .handoffPath(handoffPath)
                .probation(Duration.ZERO)
                .migrateConnections(true)
                .build();
        EventLoopGroup boss = new EpollEventLoopGroup(1);
        EventLoopGroup workers = new EpollEventLoopGroup(2);
        graceful.exitFuture().thenAccept(report -> {
            workers.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            boss.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            System.out.println("MOVED " + step + ": " + report.moved() + " of " + report.connections());
        });
        new GracefulBootstrap(graceful)
                .group(boss, workers)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new HttpInitializer(graceful.generation()))
                .bind("127.0.0.1", port)
                .sync();
        graceful.ready().join();
        return graceful;
    }
}

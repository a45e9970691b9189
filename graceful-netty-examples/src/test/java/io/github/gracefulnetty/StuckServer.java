// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.examples.http.HttpInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A server in which something blocks for ever as soon as it serves. Arguments: a {@link Where}, the port, and the drain
 * timeout.
 */
public final class StuckServer {
    /** What blocks. */
    public enum Where {
        READY_CALLBACK,
        CONTROL_LOOP,
        /** Nothing blocks: the control loop has ended. */
        DEAD_LOOP,
        /** The control loop, and then a shutdown hook, too: only a halt ends the JVM. */
        SHUTDOWN_HOOK
    }

    private StuckServer() {}

    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public static void main(String... arguments) throws InterruptedException {
        Where where = Where.valueOf(arguments[0]);
        int port = Integer.parseInt(arguments[1]);
        Graceful graceful = Graceful.builder()
                .drainTimeout(Duration.parse("PT" + arguments[2].toUpperCase(Locale.ROOT)))
                .upgradeOnSignal("HUP")
                .stopOnSignal("TERM")
                .build();
        EventLoopGroup group = new EpollEventLoopGroup(1);
        new GracefulBootstrap(graceful)
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new HttpInitializer(graceful.generation()))
                .bind("127.0.0.1", port)
                .sync();
        if (where == Where.READY_CALLBACK) {
            var unused = graceful.ready().thenRun(StuckServer::block);
        } else {
            graceful.ready().join();
        }
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                + " address=127.0.0.1:" + port);
        if (where == Where.SHUTDOWN_HOOK) {
            Runtime.getRuntime().addShutdownHook(new Thread(StuckServer::await, "stuck-hook"));
        }
        if (where == Where.DEAD_LOOP) {
            graceful.runtime()
                    .parts()
                    .control()
                    .loop()
                    .shutdownGracefully(0, 0, TimeUnit.SECONDS)
                    .sync();
            block();
        } else if (where != Where.READY_CALLBACK) {
            graceful.runtime().parts().control().execute(StuckServer::block);
        }
        graceful.awaitExit();
        System.exit(0); // the event loops are no daemons
    }

    private static void block() {
        System.out.println("STUCK pid=" + ProcessHandle.current().pid());
        await();
    }

    private static void await() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

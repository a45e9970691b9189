// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import io.github.gracefulnetty.ExitReport;
import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.github.gracefulnetty.examples.http.HttpInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A server of HTTP/1.1 connections, in a JVM of its own: {@code <handoff path> <port>}. For each {@value #SERVE} on its
 * standard input it takes over from whoever serves at the path, be it another process or an earlier server in this one, and
 * says {@code READY <generation>}. A server that has been taken over from says {@code MOVED <connections> <nanoseconds>}.
 */
final class MigratingServer {
    static final String SERVE = "serve";
    static final String READY = "READY ";
    static final String MOVED = "MOVED ";

    static final int BACKLOG = 4096;

    private MigratingServer() {}

    @SuppressWarnings("SystemOut") // the bench reads what is written
    public static void main(String... arguments) throws Exception {
        Path path = Path.of(arguments[0]);
        int port = Integer.parseInt(arguments[1]);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (SERVE.equals(input.readLine())) {
            Graceful graceful = serve(path, port);
            System.out.println(READY + graceful.generation());
        }
        System.exit(0);
    }

    @SuppressWarnings({"deprecation", "SystemOut"}) // the group of both Netty lines; the bench reads what is written
    private static Graceful serve(Path path, int port) throws InterruptedException {
        Graceful graceful = Graceful.builder()
                .handoffPath(path)
                .probation(Duration.ZERO)
                .migrateConnections(true)
                .build();
        EventLoopGroup boss = new EpollEventLoopGroup(1);
        EventLoopGroup workers = new EpollEventLoopGroup();
        new GracefulBootstrap(graceful)
                .group(boss, workers)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(new HttpInitializer(graceful.generation()))
                .bind("127.0.0.1", port)
                .sync();
        graceful.ready().join();
        graceful.exitFuture().thenAccept(report -> {
            System.out.println(moved(report));
            boss.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            workers.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        });
        return graceful;
    }

    private static String moved(ExitReport report) {
        return MOVED + report.moved() + " " + report.drainTook().toNanos();
    }
}

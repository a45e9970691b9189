// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.grpc;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.examples.grpc.EchoService;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The loop that accepts has other things to do most of the time. In this package for the sake of that loop. */
public final class BusyServer {
    private BusyServer() {}

    public static void main(String... arguments) throws Exception {
        Graceful graceful =
                Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM").build();
        EchoService echo = new EchoService(graceful.generation());
        GracefulServer server =
                (GracefulServer) GracefulGrpc.forAddress(graceful, new InetSocketAddress("127.0.0.1", 0))
                        .addService(echo)
                        .onDrain(echo::endChats)
                        .build()
                        .start();
        server.boss()
                .scheduleWithFixedDelay(
                        () -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30)), 0, 5, TimeUnit.MILLISECONDS);
        graceful.ready().join();
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                + " address=127.0.0.1:" + server.getPort());
        graceful.awaitExit();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import io.github.gracefulnetty.Graceful;
import io.vertx.core.Vertx;

/** A server that does not know of graceful-netty, but for its line of output. */
public final class PlainServer {
    private PlainServer() {}

    public static void main(String... arguments) {
        String host = "127.0.0.1";
        Vertx.vertx()
                .createHttpServer()
                .requestHandler(request ->
                        request.response().end(ProcessHandle.current().pid() + " " + generation() + "\n"))
                .listen(0, host)
                .onSuccess(server -> System.out.println(
                        "READY pid=" + ProcessHandle.current().pid() + " generation=" + generation() + " address="
                                + host + ":" + server.actualPort()));
    }

    private static int generation() {
        return Graceful.processWide().generation();
    }
}

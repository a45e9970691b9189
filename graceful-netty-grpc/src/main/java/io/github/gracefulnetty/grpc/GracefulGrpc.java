// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.grpc;

import io.github.gracefulnetty.Graceful;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * gRPC servers that are handed over: what {@code NettyServerBuilder} is to others. They begin to accept when
 * {@link Graceful#ready()} was called, and end with their process's service; {@link Graceful#awaitExit()} waits for them.
 */
public final class GracefulGrpc {
    // Nothing here may need grpc-netty's classes to be verified: this class says that they are missing.
    private static final String BUILDER = "io.grpc.netty.NettyServerBuilder";

    private static final String SHADED_BUILDER = "io.grpc.netty.shaded." + BUILDER;

    private GracefulGrpc() {}

    /**
     * A server on a TCP port of all addresses; 0 for any free one, and for the same one in each successor.
     *
     * @throws IllegalStateException if grpc-netty is not on the class path
     */
    public static GracefulServerBuilder forPort(Graceful graceful, int port) {
        return forAddress(graceful, new InetSocketAddress(port));
    }

    /**
     * A server on a TCP address or, as Netty's {@code DomainSocketAddress}, a unix socket.
     *
     * @throws IllegalStateException if grpc-netty is not on the class path
     * @throws UnsupportedOperationException if it is a unix socket, and there is no native transport
     */
    public static GracefulServerBuilder forAddress(Graceful graceful, SocketAddress address) {
        requireGrpcNetty(GracefulGrpc.class.getClassLoader());
        return new GracefulServerBuilder(graceful, address);
    }

    static void requireGrpcNetty(ClassLoader loader) {
        if (isPresent(BUILDER, loader)) {
            return;
        }
        throw new IllegalStateException(
                isPresent(SHADED_BUILDER, loader)
                        ? "graceful-netty cannot hand over the listeners of grpc-netty-shaded, which contains a Netty of its"
                                + " own: depend on io.grpc:grpc-netty instead of io.grpc:grpc-netty-shaded"
                        : "add io.grpc:grpc-netty: it is not on the class path");
    }

    private static boolean isPresent(String className, ClassLoader loader) {
        try {
            Class.forName(className, false, loader);
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/** gRPC servers that a new process replaces without any client noticing. */
module io.github.gracefulnetty.grpc {
    requires transitive io.github.gracefulnetty;
    requires transitive io.grpc;
    requires transitive io.grpc.netty;
    requires static io.grpc.protobuf;
    requires static transitive io.grpc.services;
    requires static io.grpc.stub;
    requires io.netty.codec.http2;
    requires static org.jspecify;

    exports io.github.gracefulnetty.grpc;
}

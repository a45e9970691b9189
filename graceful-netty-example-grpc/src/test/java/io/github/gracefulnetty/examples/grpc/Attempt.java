// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.grpc;

import io.grpc.CallOptions;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;

/**
 * Tells whether a call has left the client. grpc-java's client may choose a connection for a call, read a GOAWAY, and then
 * fail the call without sending anything (grpc-java issue 2562); by default it begins it anew by itself, but not with {@code disableRetry()}.
 */
final class Attempt extends ClientStreamTracer.Factory {
    private volatile boolean sent;

    CallOptions options() {
        return CallOptions.DEFAULT.withStreamTracerFactory(this);
    }

    boolean isSent() {
        return sent;
    }

    /** Whether no server and no network had a part in that failure. */
    boolean neverLeft(Throwable failure) {
        String description = Status.fromThrowable(failure).getDescription();
        return !sent && description != null && description.startsWith("GOAWAY shut down transport");
    }

    @Override
    public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
        return new ClientStreamTracer() {
            @Override
            public void outboundHeaders() {
                sent = true;
            }
        };
    }
}

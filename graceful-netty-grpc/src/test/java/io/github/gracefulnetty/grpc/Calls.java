// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A service that answers with its name, now or later, or with a stream that it never ends by itself. */
final class Calls implements BindableService, AutoCloseable {
    private static final MethodDescriptor<byte[], byte[]> LATE = method(MethodType.UNARY, "Late");
    private static final MethodDescriptor<byte[], byte[]> ENDLESS = method(MethodType.BIDI_STREAMING, "Endless");

    private final byte[] name;
    private final long delayMillis;
    private final AtomicInteger begun = new AtomicInteger();
    private final ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor();
    private volatile StreamObserver<byte[]> endless = new Recorder();

    Calls(String name, Duration delay) {
        this.name = name.getBytes(UTF_8);
        this.delayMillis = delay.toMillis();
    }

    private static MethodDescriptor<byte[], byte[]> method(MethodType type, String name) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(type)
                .setFullMethodName("test.Calls/" + name)
                .setRequestMarshaller(new BytesMarshaller())
                .setResponseMarshaller(new BytesMarshaller())
                .build();
    }

    @Override
    public ServerServiceDefinition bindService() {
        return ServerServiceDefinition.builder("test.Calls")
                .addMethod(LATE, ServerCalls.asyncUnaryCall((request, answers) -> {
                    begun.incrementAndGet();
                    later.schedule(
                            () -> {
                                answers.onNext(name);
                                answers.onCompleted();
                            },
                            delayMillis,
                            TimeUnit.MILLISECONDS);
                }))
                .addMethod(ENDLESS, ServerCalls.asyncBidiStreamingCall(answers -> {
                    begun.incrementAndGet();
                    endless = answers;
                    return new Recorder();
                }))
                .build();
    }

    /** How many calls have arrived. */
    int begun() {
        return begun.get();
    }

    void endStream() {
        endless.onCompleted();
    }

    static Future<String> call(ManagedChannel channel) {
        Recorder recorder = new Recorder();
        ClientCalls.asyncUnaryCall(channel.newCall(LATE, CallOptions.DEFAULT), new byte[0], recorder);
        return recorder.end.thenApply(end -> end.isEmpty() ? recorder.last : end);
    }

    /** The status that ends it; nothing if it is a good one. */
    static Future<String> stream(ManagedChannel channel) {
        Recorder recorder = new Recorder();
        ClientCalls.asyncBidiStreamingCall(channel.newCall(ENDLESS, CallOptions.DEFAULT), recorder)
                .onNext(new byte[0]);
        return recorder.end;
    }

    @Override
    public void close() {
        later.shutdownNow();
    }

    private static final class Recorder implements StreamObserver<byte[]> {
        private final CompletableFuture<String> end = new CompletableFuture<>();
        private volatile String last = "";

        @Override
        public void onNext(byte[] message) {
            last = new String(message, UTF_8);
        }

        @Override
        public void onError(Throwable failure) {
            end.complete(failure.toString());
        }

        @Override
        public void onCompleted() {
            end.complete("");
        }
    }

    private static final class BytesMarshaller implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] bytes) {
            return new ByteArrayInputStream(bytes);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.grpc;

import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Echo answers {@code "<generation> <text>"}, Chat each message with {@code "<generation> <number> <text>"}. Messages are
 * plain text, so that this example needs no generated code.
 */
public final class EchoService implements BindableService {
    /** The service's name. */
    public static final String NAME = "graceful.Echo";

    /** One question, one answer. */
    public static final MethodDescriptor<String, String> ECHO = method(MethodType.UNARY, "Echo");

    /** Each stream has numbers of its own, from 1. */
    public static final MethodDescriptor<String, String> CHAT = method(MethodType.BIDI_STREAMING, "Chat");

    private final int generation;
    private final Set<Chat> open = ConcurrentHashMap.newKeySet();
    private volatile boolean draining;

    /** @param generation of this process, for the answers */
    public EchoService(int generation) {
        this.generation = generation;
    }

    private static MethodDescriptor<String, String> method(MethodType type, String name) {
        return MethodDescriptor.<String, String>newBuilder()
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(NAME, name))
                .setRequestMarshaller(TextMarshaller.INSTANCE)
                .setResponseMarshaller(TextMarshaller.INSTANCE)
                .build();
    }

    /** Completes all chats, and from now on each new one at once: their clients begin another, elsewhere. */
    public void endChats() {
        draining = true;
        open.forEach(Chat::onCompleted);
    }

    @Override
    public ServerServiceDefinition bindService() {
        return ServerServiceDefinition.builder(NAME)
                .addMethod(ECHO, ServerCalls.asyncUnaryCall(this::echo))
                .addMethod(CHAT, ServerCalls.asyncBidiStreamingCall(this::chat))
                .build();
    }

    private void echo(String text, StreamObserver<String> answers) {
        answers.onNext(generation + " " + text);
        answers.onCompleted();
    }

    private StreamObserver<String> chat(StreamObserver<String> answers) {
        Chat chat = new Chat(answers);
        open.add(chat);
        if (draining) {
            chat.onCompleted();
        }
        return chat;
    }

    /** One stream: gRPC calls it from one thread, the drain from another. */
    private final class Chat implements StreamObserver<String> {
        private final StreamObserver<String> answers;
        private int number;
        private boolean ended;

        private Chat(StreamObserver<String> answers) {
            this.answers = answers;
        }

        @Override
        public synchronized void onNext(String text) {
            if (!ended) {
                number++;
                answers.onNext(generation + " " + number + " " + text);
            }
        }

        @Override
        public synchronized void onError(Throwable failure) {
            ended = true; // the client has cancelled it
            open.remove(this);
        }

        @Override
        public synchronized void onCompleted() {
            if (!ended) {
                ended = true;
                open.remove(this);
                answers.onCompleted();
            }
        }
    }
}

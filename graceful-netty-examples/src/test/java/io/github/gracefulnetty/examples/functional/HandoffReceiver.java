// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.handoff.ReceivedDescriptor;
import io.github.gracefulnetty.handoff.Receiver;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Receives what a {@link HandoffSender} offers, and compares what the kernel says of each descriptor with its metadata.
 * Steps: receive, use, close, end. Whether it keeps the metadata, or pauses after some until it is told to go on (a step,
 * too), is what it is told.
 */
final class HandoffReceiver {
    private final List<ReceivedDescriptor> descriptors = new ArrayList<>();
    private final List<byte[]> kept = new ArrayList<>();
    private static final int SOME = 100;

    private final boolean keeps;
    private final @Nullable Steps pauses;
    private int wrong;

    private HandoffReceiver(boolean keeps, @Nullable Steps pauses) {
        this.keeps = keeps;
        this.pauses = pauses;
    }

    /** Arguments: the directory of steps, the path, {@code keep|forget|pause}. */
    public static void main(String... arguments) throws Exception {
        Steps steps = new Steps(Path.of(arguments[0]));
        OwnDescriptors.warmUp(steps.directory());
        Steps.done("start");
        steps.await("receive");
        HandoffReceiver receiver =
                new HandoffReceiver(arguments[2].equals("keep"), arguments[2].equals("pause") ? steps : null);
        System.out.println(receiver.receive(Path.of(arguments[1])));
        Steps.done("receive");
        steps.await("use");
        receiver.use();
        Steps.done("use");
        steps.await("close");
        receiver.close();
        Steps.done("close");
        steps.await("end");
    }

    private String receive(Path path) throws InterruptedException {
        try {
            return "RECEIVED " + Receiver.from(path).receiveBlocking(this::received) + ", wrong: " + wrong;
        } catch (HandoffException e) {
            int before = descriptors.size();
            kept.clear();
            close();
            return "NOT RECEIVED after " + (before > 0 ? "some" : "none") + ": " + e.getMessage();
        }
    }

    private void received(ReceivedDescriptor descriptor, byte[] metadata) throws InterruptedException {
        descriptors.add(descriptor);
        if (keeps) {
            kept.add(metadata);
        }
        if (port(descriptor) != ByteBuffer.wrap(metadata).getInt()) {
            wrong++;
        }
        if (pauses != null && descriptors.size() == SOME) {
            Steps.done("pause");
            pauses.await("go on");
        }
    }

    private static int port(ReceivedDescriptor descriptor) {
        SocketAddress address =
                descriptor.kind().isConnection() ? descriptor.remoteAddress() : descriptor.localAddress();
        return ((InetSocketAddress) Objects.requireNonNull(address)).getPort();
    }

    /** Tells each connection's client its own port; accepts one connection from each listener. */
    private void use() throws IOException {
        for (ReceivedDescriptor descriptor : descriptors) {
            Socket socket = new Socket(descriptor.number());
            if (descriptor.kind().isConnection()) {
                ByteBuffer word = ByteBuffer.allocateDirect(Integer.BYTES).putInt(port(descriptor));
                socket.write(word, 0, Integer.BYTES);
            } else if (descriptor.kind().isListener()) {
                try (java.net.Socket client = new java.net.Socket(InetAddress.getLoopbackAddress(), port(descriptor))) {
                    new Socket(socket.accept(new byte[128])).close();
                    client.setSoTimeout(20_000);
                    if (client.getInputStream().read() >= 0) {
                        throw new IOException("somebody else has accepted");
                    }
                }
            }
        }
    }

    private void close() {
        descriptors.forEach(ReceivedDescriptor::close);
        descriptors.clear();
    }
}

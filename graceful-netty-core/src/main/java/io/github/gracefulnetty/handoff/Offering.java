// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What one receiver gets. Valid while {@link Offerer#offer} runs: what is added later is dropped. */
public final class Offering {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Offering.class);

    private final long receiverPid;
    private final List<Offer> offers = new ArrayList<>();
    private final Map<String, InputStream> states = new LinkedHashMap<>();
    private final CompletableFuture<Void> received = new CompletableFuture<>();
    private boolean closed;

    Offering(long receiverPid) {
        this.receiverPid = receiverPid;
    }

    /** The process that receives, as the kernel says. Its user is ours. */
    public long receiverPid() {
        return receiverPid;
    }

    /** Adds a descriptor, after those that were added before. */
    public synchronized Offering add(Offer offer) {
        offers.add(Objects.requireNonNull(offer, "an offer is null"));
        return this;
    }

    /** Adds application state. The receiver has all of it before the first descriptor. */
    public Offering state(String name, byte[] bytes) {
        Objects.requireNonNull(bytes, () -> "the application state '" + name + "' is null");
        return state(name, new ByteArrayInputStream(bytes));
    }

    /**
     * Adds application state. The stream is read while it is sent, on a thread that it may block, and closed in any case; at most
     * 64 MiB, all states together. If it gives nothing for as long as the patience with this receiver is, the handoff ends: then
     * it is closed although somebody still reads it.
     *
     * @throws IllegalArgumentException if the name was used before or is longer than 4,096 bytes, or there are too many;
     *     the stream stays the caller's then
     */
    public Offering state(String name, InputStream stream) {
        Objects.requireNonNull(name, "the name of an application state is null");
        Objects.requireNonNull(stream, () -> "the application state '" + name + "' is null");
        if (!keep(name, stream)) {
            close(stream);
        }
        return this;
    }

    /** {@code false} if nobody wants it any more. */
    private synchronized boolean keep(String name, InputStream stream) {
        if (closed) {
            return false;
        }
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length > MessageCodec.MAX_STRING) {
            throw new IllegalArgumentException("the name of an application state has at most " + MessageCodec.MAX_STRING
                    + " bytes, this one " + length);
        }
        if (states.size() == MessageCodec.MAX_STATE_NAMES) {
            throw new IllegalArgumentException("more than " + MessageCodec.MAX_STATE_NAMES + " application states");
        }
        if (states.putIfAbsent(name, stream) != null) {
            throw new IllegalArgumentException("there are two application states of the name '" + name + "'");
        }
        return true;
    }

    /**
     * Completes when the receiver has everything; with a {@link HandoffException} if it will not. On a thread that may be
     * blocked.
     */
    public CompletionStage<Void> received() {
        return ApplicationThreads.CALLBACKS.outer(received);
    }

    CompletableFuture<Void> receivedFuture() {
        return received;
    }

    /** Nothing is sent: the states are not needed. */
    void withdraw() {
        for (InputStream state : takeStates().values()) {
            ApplicationThreads.CALLBACKS.run(() -> close(state));
        }
    }

    private static void close(InputStream state) {
        try {
            state.close();
        } catch (Throwable t) {
            LOGGER.warn("graceful-netty: cannot close an application state: {}", Reasons.of(t));
        }
    }

    /** They are the caller's to close, and there will be no more. */
    synchronized Map<String, InputStream> takeStates() {
        closed = true;
        Map<String, InputStream> taken = new LinkedHashMap<>(states);
        states.clear();
        return taken;
    }

    /** What is to be sent, without the states. */
    synchronized List<DescriptorSender.Item> items(NativeTransport transport) throws IOException {
        List<DescriptorSender.Item> items = new ArrayList<>(offers.size());
        for (Offer offer : offers) {
            items.add(offer.item(transport));
        }
        return items;
    }
}

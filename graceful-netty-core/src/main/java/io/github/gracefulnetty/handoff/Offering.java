// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.OutgoingTransfer;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What one receiver gets. Valid while {@link Offerer#offer} runs, on its thread. */
public final class Offering {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Offering.class);

    private final long receiverPid;
    private final List<Offer> offers = new ArrayList<>();
    private final Map<String, InputStream> states = new LinkedHashMap<>();
    private final CompletableFuture<Void> received = new CompletableFuture<>();

    Offering(long receiverPid) {
        this.receiverPid = receiverPid;
    }

    /** The process that receives, as the kernel says. Its user is ours. */
    public long receiverPid() {
        return receiverPid;
    }

    /** Adds a descriptor, after those that were added before. */
    public Offering add(Offer offer) {
        offers.add(offer);
        return this;
    }

    /** Adds application state. The receiver has all of it before the first descriptor. */
    public Offering state(String name, byte[] bytes) {
        return state(name, new ByteArrayInputStream(bytes));
    }

    /**
     * Adds application state. The stream is read while it is sent, on the event loop of the connection, and closed in any
     * case; at most 64 MiB, all states together.
     *
     * @throws IllegalArgumentException if the name was used before or is longer than 4,096 bytes, or there are too many;
     *     the stream stays the caller's then
     */
    public Offering state(String name, InputStream stream) {
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
        return this;
    }

    /**
     * Completes when the receiver has everything; with a {@link HandoffException} if it will not. On the event loop of the
     * connection.
     */
    public CompletionStage<Void> received() {
        CompletableFuture<Void> unwrapped = new CompletableFuture<>(); // a copy would wrap the failure
        received.whenComplete((nothing, failure) -> {
            if (failure == null) {
                unwrapped.complete(null);
            } else {
                unwrapped.completeExceptionally(failure);
            }
        });
        return unwrapped;
    }

    CompletableFuture<Void> receivedFuture() {
        return received;
    }

    /** Nothing is sent: the states are not needed. */
    void closeStates() {
        for (InputStream state : states.values()) {
            try {
                state.close();
            } catch (IOException e) {
                LOGGER.warn("graceful-netty: cannot close an application state: {}", e.toString());
            }
        }
    }

    OutgoingTransfer.Contents contents(NativeTransport transport) throws IOException {
        List<DescriptorSender.Item> items = new ArrayList<>(offers.size());
        for (Offer offer : offers) {
            items.add(offer.item(transport));
        }
        return new OutgoingTransfer.Contents(states, items);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.transfer.Reasons;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Application state by name: what the predecessor sent, and what a successor will get. Safe for use by several threads. */
final class NamedStates {
    private final Map<String, Callable<byte[]>> handedOn = new LinkedHashMap<>();
    private final Map<String, byte[]> inherited = new LinkedHashMap<>();

    synchronized void handOn(String name, Callable<byte[]> state) {
        handedOn.put(name, state);
    }

    synchronized void inherit(Map<String, byte[]> states) {
        inherited.putAll(states);
    }

    synchronized byte @Nullable [] take(String name) {
        return inherited.remove(name);
    }

    private synchronized Map<String, Callable<byte[]>> suppliers() {
        return new LinkedHashMap<>(handedOn);
    }

    /** Asks the application for all of them, on a thread of its own if there are any. */
    CompletableFuture<Map<String, InputStream>> collect() {
        Map<String, Callable<byte[]>> suppliers = suppliers();
        CompletableFuture<Map<String, InputStream>> collected = new CompletableFuture<>();
        if (suppliers.isEmpty()) {
            collected.complete(Map.of());
            return collected;
        }
        Thread thread = new Thread(() -> collect(suppliers, collected), "graceful-netty-state");
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) { // no room for a thread
            collected.completeExceptionally(
                    new HandoffException("the application state could not be made: " + Reasons.of(e), e));
        }
        return collected;
    }

    private static void collect(
            Map<String, Callable<byte[]>> suppliers, CompletableFuture<Map<String, InputStream>> collected) {
        Map<String, InputStream> states = new LinkedHashMap<>();
        for (Map.Entry<String, Callable<byte[]>> supplier : suppliers.entrySet()) {
            try {
                states.put(
                        supplier.getKey(),
                        new ByteArrayInputStream(supplier.getValue().call()));
            } catch (Throwable t) {
                collected.completeExceptionally(new HandoffException(
                        "the application state '" + supplier.getKey() + "' could not be made: " + Reasons.of(t), t));
                return;
            }
        }
        collected.complete(states);
    }
}

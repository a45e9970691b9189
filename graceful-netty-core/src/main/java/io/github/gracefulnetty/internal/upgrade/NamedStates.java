// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

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
public final class NamedStates {
    private final Map<String, Callable<byte[]>> handedOver = new LinkedHashMap<>();
    private final Map<String, byte[]> inherited = new LinkedHashMap<>();
    private volatile String pending = "";

    public synchronized void handOver(String name, Callable<byte[]> state) {
        handedOver.put(name, state);
    }

    synchronized void inherit(Map<String, byte[]> states) {
        inherited.putAll(states);
    }

    public synchronized byte @Nullable [] take(String name) {
        return inherited.remove(name);
    }

    private synchronized Map<String, Callable<byte[]>> suppliers() {
        return new LinkedHashMap<>(handedOver);
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

    /** Which state this process's own application still makes, in words; empty if none. On any thread. */
    String pending() {
        String name = pending;
        return name.isEmpty() ? "" : "this process's own application has not made the state '" + name + "' yet";
    }

    private void collect(
            Map<String, Callable<byte[]>> suppliers, CompletableFuture<Map<String, InputStream>> collected) {
        Map<String, InputStream> states = new LinkedHashMap<>();
        for (Map.Entry<String, Callable<byte[]>> supplier : suppliers.entrySet()) {
            pending = supplier.getKey();
            try {
                byte[] state = supplier.getValue().call();
                if (state == null) {
                    throw new HandoffException("its supplier returned null");
                }
                states.put(supplier.getKey(), new ByteArrayInputStream(state));
            } catch (Throwable t) {
                collected.completeExceptionally(new HandoffException(
                        "the application state '" + supplier.getKey() + "' could not be made: " + Reasons.of(t), t));
                return;
            } finally {
                pending = "";
            }
        }
        collected.complete(states);
    }
}

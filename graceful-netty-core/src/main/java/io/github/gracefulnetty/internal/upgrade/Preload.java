// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.transfer.Reasons;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Loads what an upgrade, its failure and the end of a process need, before it is needed: when the class path's jars are
 * overwritten in place, nothing more can be loaded from them. What that is, a test records by upgrades: the names are in a
 * resource beside this class. Once in the life of a process, on a thread of its own.
 */
public final class Preload {
    /** The names of the classes, one a line. */
    static final String RESOURCE = "preload.txt";

    private static final AtomicReference<CompletableFuture<Void>> BEGUN = new AtomicReference<>();

    private Preload() {}

    /**
     * Begins, unless it has begun. Completes when everything is loaded; fails at once if there can be no thread for it: then
     * it may be tried again.
     *
     * @param before what is done there first
     */
    public static CompletableFuture<Void> begin(Runnable before) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        CompletableFuture<Void> begun = BEGUN.compareAndExchange(null, done);
        if (begun != null) {
            return begun;
        }
        Thread thread = new Thread(
                () -> {
                    Guard.quietly(before::run);
                    Guard.run(() -> load(done), done::completeExceptionally);
                },
                "graceful-netty-preload");
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) { // this user may have no more threads
            BEGUN.set(null);
            done.completeExceptionally(e);
        }
        return done;
    }

    private static void load(CompletableFuture<Void> done) throws IOException {
        ClassLoader loader = Preload.class.getClassLoader();
        int missing = 0;
        for (String name : names()) {
            try {
                Class.forName(name, true, loader);
            } catch (Throwable t) { // of another Netty line, or of an optional part of Netty
                missing++;
                LOGGER.trace("graceful-netty: {} is not loaded: {}", name, Reasons.of(t));
            }
        }
        Done.mark();
        LOGGER.debug("graceful-netty: loaded what an upgrade needs, {} classes are not there", missing);
        done.complete(null);
    }

    /** A log of class loading shows with this one that everything is loaded. */
    private static final class Done {
        static void mark() {}
    }

    /** The names of the classes that are loaded. */
    static List<String> names() throws IOException {
        try (InputStream resource = Preload.class.getResourceAsStream(RESOURCE)) {
            if (resource == null) {
                return List.of();
            }
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(resource, StandardCharsets.UTF_8))) {
                return reader.lines().filter(line -> !line.isEmpty()).toList();
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.process.Signals;
import io.github.gracefulnetty.internal.process.StopGuard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The signals that this process takes from the JVM. What stops ends the process, whatever happens to the control loop: a
 * {@link StopGuard} sees to that. Their handlers run on threads of the JVM's.
 */
final class OwnSignals {
    /** How long, beyond the drain timeout, a process that was told to stop may take to end. */
    private static final Duration BEYOND = Duration.ofSeconds(5);

    private final Settings settings;
    private final Consumer<String> upgrade;
    private final Runnable stop;
    private final List<Runnable> restore = new ArrayList<>();

    OwnSignals(Settings settings, Consumer<String> upgrade, Runnable stop) {
        this.settings = settings;
        this.upgrade = upgrade;
        this.stop = stop;
    }

    /** @throws IllegalArgumentException if there is no such signal */
    void install() {
        for (String signal : settings.upgradeOnSignal()) {
            restore.add(Signals.handle(signal, new Handler(this, signal, null)));
        }
        if (settings.stopOnSignal().isEmpty()) {
            return;
        }
        StopGuard guard = StopGuard.start(settings.drainTimeout().plus(BEYOND), BEYOND);
        for (String signal : settings.stopOnSignal()) {
            restore.add(Signals.handle(signal, new Handler(this, signal, guard)));
        }
    }

    /** @param guard whom a signal to stop is told first; {@code null} for an upgrade */
    private record Handler(
            OwnSignals owner, String signal, @Nullable StopGuard guard) implements IntConsumer {
        @Override
        public void accept(int number) {
            if (guard == null) {
                owner.upgrade.accept(signal);
            } else {
                guard.stopRequested(number);
                owner.stop(signal);
            }
        }
    }

    private void stop(String signal) {
        try {
            LOGGER.info("graceful-netty: {}: stopping", signal);
        } catch (Throwable t) {
            Guard.log(t);
        }
        try {
            stop.run();
        } catch (Throwable t) {
            Guard.log(t);
        }
    }

    /** Puts the former handlers back. A process that was told to stop is ended all the same, if it does not end. */
    void uninstall() {
        List<Runnable> all = List.copyOf(restore);
        restore.clear();
        all.forEach(Runnable::run);
    }
}

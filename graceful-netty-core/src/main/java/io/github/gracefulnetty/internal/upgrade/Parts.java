// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.connections.ConnectionTracker;
import io.github.gracefulnetty.internal.connections.Migration;
import io.github.gracefulnetty.internal.listener.ListenerRegister;
import io.github.gracefulnetty.internal.process.ServiceManager;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.transport.NativeTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** What the parts of the runtime share. The phase is changed on the control loop only. */
public record Parts(
        Settings settings,
        @Nullable NativeTransport transport,
        String transportProblem,
        ControlLoop control,
        Phases phases,
        ConnectionTracker connections,
        ListenerRegister register,
        NamedStates states,
        NamedFiles files,
        Migration migration,
        ServiceManager manager) {
    private static final Duration LEAST_PATIENCE = Duration.ofSeconds(1);

    /** How long all event loops may take to do something: one that is blocked never does it, and is not waited for. */
    Duration patience() {
        Duration drain = settings.drainTimeout();
        return drain.compareTo(LEAST_PATIENCE) < 0 ? LEAST_PATIENCE : drain;
    }

    /** Everything that a successor gets now, but for the states. */
    List<DescriptorSender.Item> handedOver() {
        List<DescriptorSender.Item> items = new ArrayList<>(register.items());
        items.addAll(files.items());
        return items;
    }

    /** Runs {@code action} on the control loop; {@code result} fails if that has ended, or with what it throws. */
    void onControl(Runnable action, CompletableFuture<?> result) {
        try {
            control.execute(() -> {
                try {
                    action.run();
                } catch (Throwable t) {
                    result.completeExceptionally(t);
                    throw t;
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(
                    new HandoffException("refused: " + phases.current().because()));
        }
    }
}

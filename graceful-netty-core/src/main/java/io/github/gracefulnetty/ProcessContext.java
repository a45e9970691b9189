// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.drain.ConnectionTracker;
import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.listener.ListenerRegister;
import io.github.gracefulnetty.internal.migration.Migration;
import io.github.gracefulnetty.internal.process.ServiceManager;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** What the parts of the runtime share. The lifecycle is changed on the control loop only. */
record ProcessContext(
        Settings settings,
        @Nullable NativeTransport transport,
        String transportProblem,
        ControlLoop control,
        Lifecycle lifecycle,
        ConnectionTracker connections,
        ListenerRegister register,
        NamedStates states,
        NamedFiles files,
        Migration migration,
        ServiceManager manager) {
    /** All of the runtime logs as {@link Graceful}. */
    static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Graceful.class);

    /** What a part of the runtime asks of the whole. On the control loop. */
    interface Whole {
        /** 1 for a process without a predecessor. On any thread. */
        int generation();

        /** This process serves from now on. */
        void serving();

        /** Stops now if that was asked for while it was not possible. */
        void stopIfRequested();

        /** This process begins to be replaced: its own predecessor need not watch it any more. */
        void upgradeBegins();

        /**
         * A successor serves, on probation: pause and drain.
         *
         * @param unclaimed what the successor has no use for: it is kept until probation is over
         */
        void handedOver(List<? extends DescriptorSender.Item> unclaimed);

        /** The successor serves for good: when drained, exit. */
        void settled();

        /** The successor does not serve: accept again, and drain no more. */
        void resumed();

        /** So many generations are newer than this one by now. */
        void aged(int generations);

        /** The predecessor serves again: pause, drain, exit. */
        void givenBack(String reason);

        /** This process was to take over and cannot: its predecessor goes on, and must not suffer from its end. */
        void takeoverFailed(HandoffException reason);
    }

    /** Everything that a successor gets now, but for the states. */
    List<DescriptorSender.Item> handedOn() {
        List<DescriptorSender.Item> items = new ArrayList<>(register.items());
        items.addAll(files.items());
        return items;
    }

    /** Runs {@code action} on the control loop; {@code result} fails if that has ended. */
    void onControl(Runnable action, CompletableFuture<?> result) {
        try {
            control.execute(action);
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(
                    new HandoffException("refused: " + lifecycle.state().because()));
        }
    }
}

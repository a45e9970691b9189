// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.connections.Drain;
import io.github.gracefulnetty.internal.connections.DrainResult;
import io.github.gracefulnetty.internal.connections.Mover;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What a part of the runtime asks of the whole. On the control loop. */
interface Whole {
    /** 1 for a process without a predecessor. On any thread. */
    int generation();

    /** This process serves from now on. */
    void serving();

    /** Whether it may accept, and its predecessor does not know yet that it does: nothing else can begin then. */
    boolean isAboutToServe();

    /** Whether this process was told to end: it does not serve again then. */
    boolean isToEnd();

    /** Stops now if that was asked for while it was not possible. */
    void stopIfRequested();

    /** This process begins to be replaced: its own predecessor need not watch it any more. */
    void upgradeBegins();

    /** Tells the predecessor, if it is there, how many generations are newer than it is. */
    void tellAge(int generations);

    /** Completes when this process's own predecessor has drained, or is gone. */
    CompletableFuture<Void> predecessorGone();

    /** A drain of this process's connections that has not begun. */
    Drain newDrain(@Nullable Mover mover);

    /** Nothing is left to do; the phase has to be one that ends. */
    void exit(boolean handedOver, DrainResult result);

    /** The predecessor serves again: pause, drain, exit. */
    void rolledBack(String reason);

    /** This process was to take over and cannot: its predecessor goes on, and must not suffer from its end. */
    void takeoverFailed(HandoffException reason);
}

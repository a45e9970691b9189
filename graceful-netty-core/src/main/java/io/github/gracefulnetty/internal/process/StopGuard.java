// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Ends a JVM that was told to stop and does not, whatever the reason: a blocked thread, a dead loop, classes that cannot
 * be loaded any more. Two daemon threads that exist from the beginning, with all that they need: one waits, then asks the
 * other one to exit, with shutdown hooks; if these do not end either, the first one halts the JVM.
 */
public final class StopGuard {
    /** A signal's number plus this is the exit status of a process that it ends. */
    private static final int SIGNALLED = 128;

    private static final long STACK_BYTES = 1 << 18;

    private final long afterNanos;
    private final long hooksNanos;
    private final Thread waiting;
    private final Thread exiting;
    private volatile int status;
    private volatile long deadlineNanos;
    private volatile boolean exit;

    private StopGuard(Duration after, Duration hooks) {
        this.afterNanos = after.toNanos();
        this.hooksNanos = hooks.toNanos();
        this.exiting = new Thread(null, this::exit, "graceful-netty-exit", STACK_BYTES);
        this.waiting = new Thread(null, this::waitForEnd, "graceful-netty-stop-guard", STACK_BYTES);
    }

    /**
     * One that waits for {@link #stopRequested}.
     *
     * @param after how long a process that was told to stop may go on
     * @param hooks how long its shutdown hooks may take then
     */
    public static StopGuard start(Duration after, Duration hooks) {
        StopGuard guard = new StopGuard(after, hooks);
        guard.exiting.setDaemon(true);
        guard.waiting.setDaemon(true);
        guard.exiting.start();
        guard.waiting.start();
        return guard;
    }

    /** The time runs from the first call; after the second there is only as much as hooks have. On any thread; allocates nothing. */
    public void stopRequested(int signal) {
        long now = System.nanoTime();
        if (status == 0) {
            deadlineNanos = now + afterNanos;
            status = SIGNALLED + signal;
        } else if (deadlineNanos - now > hooksNanos) {
            deadlineNanos = now + hooksNanos;
        }
        LockSupport.unpark(waiting);
    }

    /** A signal that arrives is handled with a class of the JDK's that is loaded then: there may be no room for it. */
    private static void load() {
        try {
            Class.forName("jdk.internal.misc.Signal$1");
        } catch (Throwable t) {
            // Another JDK does it in another way; and this thread is needed whatever it was.
        }
    }

    private void waitForEnd() {
        while (status == 0) {
            LockSupport.park(this);
        }
        while (deadlineNanos - System.nanoTime() > 0) {
            LockSupport.parkNanos(this, deadlineNanos - System.nanoTime());
        }
        exit = true;
        LockSupport.unpark(exiting);
        long last = System.nanoTime() + hooksNanos;
        while (last - System.nanoTime() > 0) {
            LockSupport.parkNanos(this, last - System.nanoTime());
        }
        Runtime.getRuntime().halt(status);
    }

    private void exit() {
        load();
        while (!exit) {
            LockSupport.park(this);
        }
        // Here, as whoever reads it may have stopped reading.
        System.err.println("graceful-netty: this process was told to stop and has not ended: it is ended now");
        Runtime.getRuntime().exit(status);
    }
}

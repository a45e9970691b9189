// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * An upgrade that fails, and what is left to do when the process that it started has ended. As a class, with a name: it is loaded
 * before there is an upgrade, where a lambda would be made when there may be no room for it.
 */
record UpgradeFailure(Owner owner, ControlLoop control, Handover handover, String reason, Throwable cause)
        implements Runnable, BiConsumer<@Nullable Void, @Nullable Throwable> {
    /** Who decides what follows. */
    interface Owner {
        /** The process has ended, or there is no more time for that. On the control loop. */
        void over(UpgradeFailure failure);
    }

    /** What is done at its end, whatever the step before throws. */
    enum Step {
        SERVE,
        WITHDRAW,
        CLOSE_PRIVATE_PATH,
        TAKE_BACK_PATHS,
        TELL_MANAGER,
        TELL,
        STOP
    }

    /** The process has ended. On any thread. */
    @Override
    public void accept(@Nullable Void nothing, @Nullable Throwable failure) {
        control.execute(this);
    }

    @Override
    public void run() {
        owner.over(this);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.internal.migration.Migration;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Graceful} was built with.
 *
 * @param probation how long a successor is on probation; zero if it is not
 * @param probationCheck what decides when this process, as a successor, has passed it; {@code null} if time does
 * @param maxDraining how many older generations may drain
 * @param pidFile where the pid of the process that serves is written; {@code null} for none
 * @param maxApplicationState how many bytes of application state a predecessor may send
 * @param application what its generations are generations of; empty if it does not say
 * @param migration which connections move to a successor
 * @param command what starts a successor; {@code null} for this process's own command line
 */
record Settings(
        @Nullable Path handoffPath,
        Duration drainTimeout,
        Duration upgradeTimeout,
        Duration probation,
        @Nullable Supplier<? extends CompletionStage<?>> probationCheck,
        int maxDraining,
        @Nullable Path pidFile,
        List<String> upgradeOnSignal,
        List<String> stopOnSignal,
        @Nullable List<String> command,
        long maxApplicationState,
        String application,
        Migration.Mode migration,
        boolean readyWhenListenersAreClaimed) {
    @Override
    public String toString() {
        return "handoffPath=" + (handoffPath == null ? "none" : handoffPath) + ", drainTimeout=" + drainTimeout
                + ", upgradeTimeout=" + upgradeTimeout
                + ", probation=" + probation + (probationCheck == null ? "" : " and a check") + ", maxDraining="
                + maxDraining + (pidFile == null ? "" : ", pidFile=" + pidFile) + ", upgradeOnSignal=" + upgradeOnSignal
                + ", stopOnSignal="
                + stopOnSignal + (command == null ? "" : ", command=" + command.get(0) + " ...")
                + ", maxApplicationState=" + maxApplicationState
                + (application.isEmpty() ? "" : ", application=" + application)
                + ", migration="
                + switch (migration) {
                    case OFF -> "off";
                    case DECLARED -> "declared";
                    case ALL -> "on";
                }
                + ", ready="
                + (readyWhenListenersAreClaimed ? "when all listeners are claimed" : "when ready() is called");
    }
}

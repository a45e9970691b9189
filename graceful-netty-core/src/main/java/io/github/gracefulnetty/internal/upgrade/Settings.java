// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.connections.MoveMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a runtime was built with. Each component has the name of its setting.
 *
 * @param handoffPath where successors find this process, and this process a predecessor; {@code null} for none
 * @param drainTimeout after which connections are closed by force
 * @param upgradeTimeout how long a successor may take until it serves
 * @param probation how long a successor is on probation; zero if it is not
 * @param probationCheck what decides when this process, as a successor, is confirmed; {@code null} if time does
 * @param maxDraining how many older generations may drain
 * @param pidFile where the pid of the process that serves is written; {@code null} for none
 * @param upgradeOnSignal signals that upgrade, without SIG
 * @param stopOnSignal signals that stop, without SIG
 * @param upgradeCommand what starts a successor; {@code null} for this process's own command line
 * @param maxApplicationState how many bytes of application state a predecessor may send
 * @param application what its generations are generations of; empty if it does not say
 * @param migrateConnections which connections move to a successor
 * @param readyWhenListenersAreClaimed whether nobody has to call ready()
 * @param allowDroppedListeners whether a successor may bind none of what it inherits
 * @param allowSameProcess whether a predecessor may be in this very process
 * @param ownSuccessorsOnly whether only a process that this one started may take over
 */
public record Settings(
        @Nullable Path handoffPath,
        Duration drainTimeout,
        Duration upgradeTimeout,
        Duration probation,
        @Nullable Supplier<? extends CompletionStage<?>> probationCheck,
        int maxDraining,
        @Nullable Path pidFile,
        List<String> upgradeOnSignal,
        List<String> stopOnSignal,
        @Nullable List<String> upgradeCommand,
        long maxApplicationState,
        String application,
        MoveMode migrateConnections,
        boolean readyWhenListenersAreClaimed,
        boolean allowDroppedListeners,
        boolean allowSameProcess,
        boolean ownSuccessorsOnly) {
    @Override
    public String toString() {
        return "handoffPath=" + (handoffPath == null ? "none" : handoffPath) + ", drainTimeout=" + drainTimeout
                + ", upgradeTimeout=" + upgradeTimeout
                + ", probation=" + probation
                + (probationCheck == null ? "" : ", probationCheck=yes")
                + ", maxDraining=" + maxDraining
                + (pidFile == null ? "" : ", pidFile=" + pidFile)
                + ", upgradeOnSignal=" + upgradeOnSignal
                + ", stopOnSignal=" + stopOnSignal
                + (upgradeCommand == null ? "" : ", upgradeCommand=" + upgradeCommand.get(0) + " ...")
                + ", maxApplicationState=" + maxApplicationState
                + (application.isEmpty() ? "" : ", application=" + application)
                + ", migrateConnections=" + migrateConnections.setting()
                + ", readyWhenListenersAreClaimed=" + readyWhenListenersAreClaimed
                + (allowDroppedListeners ? ", allowDroppedListeners=true" : "")
                + (allowSameProcess ? ", allowSameProcess=true" : "")
                + (ownSuccessorsOnly ? ", ownSuccessorsOnly=true" : "");
    }
}

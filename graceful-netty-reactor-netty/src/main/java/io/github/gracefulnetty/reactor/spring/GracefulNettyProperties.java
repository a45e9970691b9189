// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import io.github.gracefulnetty.Graceful;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code graceful-netty.*} of the application's configuration.
 *
 * @param handoffPath where a second copy finds this process; by default there is none
 * @param drainTimeout after which connections that are still open are closed
 * @param upgradeTimeout how long a successor may take from its start until it serves
 * @param upgradeOnSignal signals that upgrade; {@code none} for none
 * @param upgradeCommand what starts the successor; by default this process's own command line
 * @param exitJvm whether the JVM exits when this process has handed over and is drained. Otherwise only the application
 *     context is closed
 */
@ConfigurationProperties("graceful-netty")
record GracefulNettyProperties(
        @Nullable String handoffPath,
        @DefaultValue("30s") Duration drainTimeout,
        @DefaultValue("60s") Duration upgradeTimeout,
        @DefaultValue("HUP") List<String> upgradeOnSignal,
        @DefaultValue List<String> upgradeCommand,
        @DefaultValue("true") boolean exitJvm) {

    Graceful.Builder builder() {
        Graceful.Builder builder = Graceful.builder().drainTimeout(drainTimeout).upgradeTimeout(upgradeTimeout);
        if (handoffPath != null && !handoffPath.isEmpty()) {
            builder.handoffPath(Path.of(handoffPath));
        }
        if (!upgradeOnSignal.equals(List.of("none"))) {
            builder.upgradeOnSignal(upgradeOnSignal.toArray(String[]::new));
        }
        if (!upgradeCommand.isEmpty()) {
            builder.upgradeCommand(upgradeCommand);
        }
        return builder;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import io.github.gracefulnetty.handoff.HandoffException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says in plain words that an application ended because it could not take over. */
final class HandoffFailureAnalyzer extends AbstractFailureAnalyzer<HandoffException> {
    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, HandoffException cause) {
        return new FailureAnalysis(
                "The application could not take over from its predecessor: " + cause.getMessage(),
                "A predecessor serves on. Look at its log, and at graceful-netty.handoff-path.",
                cause);
    }
}

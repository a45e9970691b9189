// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

/** A handoff did not happen. The message says why; the process that served before goes on serving. */
public final class HandoffException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public HandoffException(String message) {
        super(message);
    }

    public HandoffException(String message, Throwable cause) {
        super(message, cause);
    }
}

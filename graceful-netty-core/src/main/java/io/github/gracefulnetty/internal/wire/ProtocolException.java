// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import io.netty.handler.codec.DecoderException;

/** The peer said something that the handoff protocol does not allow. The message tells what. */
public final class ProtocolException extends DecoderException {
    private static final long serialVersionUID = 1L;

    public ProtocolException(String message) {
        super(message);
    }
}

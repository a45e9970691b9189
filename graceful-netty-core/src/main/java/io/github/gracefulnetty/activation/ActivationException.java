// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.activation;

/** The activation variables, or the descriptors that they announce, make no sense. The message says which and why. */
public final class ActivationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ActivationException(String message) {
        super(message);
    }
}

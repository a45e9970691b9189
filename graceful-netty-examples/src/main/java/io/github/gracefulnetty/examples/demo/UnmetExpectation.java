// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

/** Something that the demo promises did not happen. The message is for the user. */
final class UnmetExpectation extends Exception {

    UnmetExpectation(String message) {
        super(message);
    }
}

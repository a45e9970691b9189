// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.descriptor;

/**
 * A descriptor that this process got from somebody else, with what was said of it.
 *
 * @param index its number in the transfer that brought it, counted from 0; -1 if none did
 * @param description what it is; verified, unless whoever gets it does that
 * @param metadata what its sender added
 * @param descriptor itself; whoever claims it takes it over
 */
public record Inherited(int index, Description description, Bytes metadata, OwnedDescriptor descriptor) {}

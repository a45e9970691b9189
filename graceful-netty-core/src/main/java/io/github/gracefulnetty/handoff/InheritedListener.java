// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

/**
 * A listening socket that this process got from somebody else and has not claimed yet.
 *
 * @param description its identity
 * @param descriptor the socket; whoever claims the listener takes it over
 */
public record InheritedListener(ListenerDescription description, OwnedDescriptor descriptor) {}

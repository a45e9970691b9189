// SPDX-License-Identifier: Apache-2.0
/**
 * The descriptor toolkit, for those who want to pass descriptors and nothing else: {@link
 * io.github.gracefulnetty.handoff.DescriptorServer} and {@link io.github.gracefulnetty.handoff.Sender} send, {@link
 * io.github.gracefulnetty.handoff.Receiver} receives.
 */
@NullMarked
package io.github.gracefulnetty.handoff;

import org.jspecify.annotations.NullMarked;

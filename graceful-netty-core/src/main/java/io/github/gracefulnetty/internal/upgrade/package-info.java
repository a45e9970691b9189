// SPDX-License-Identifier: Apache-2.0
/**
 * The life of one process among its generations: its phases, the two halves of an upgrade, probation on both sides, the
 * handoff endpoint and the successor's process. Everything is decided on the control loop. Not part of the API.
 */
@NullMarked
package io.github.gracefulnetty.internal.upgrade;

import org.jspecify.annotations.NullMarked;

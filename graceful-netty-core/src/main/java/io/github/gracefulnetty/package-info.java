// SPDX-License-Identifier: Apache-2.0
/** The API: swap {@code ServerBootstrap} for GracefulBootstrap. */
@org.jspecify.annotations.NullMarked
package io.github.gracefulnetty;

// SPDX-License-Identifier: Apache-2.0
/**
 * The strict client: a load generator that never retries and accounts for every request it sent, so that a server which
 * is being replaced cannot lose one unseen.
 */
@org.jspecify.annotations.NullMarked
package io.github.gracefulnetty.examples.load;

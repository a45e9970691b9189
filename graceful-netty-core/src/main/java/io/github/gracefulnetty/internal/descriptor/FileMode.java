// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.descriptor;

/**
 * How a file or pipe is open.
 *
 * @param readable whether it can be read
 * @param writable whether it can be written
 * @param append whether each write goes to its end
 * @param offset where the next read or write happens, in bytes; 0 for a pipe
 */
public record FileMode(boolean readable, boolean writable, boolean append, long offset) {}

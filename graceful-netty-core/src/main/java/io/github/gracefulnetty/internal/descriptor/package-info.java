// SPDX-License-Identifier: Apache-2.0
/** Descriptors that this process owns, and what is said of them. Not part of the API. */
@org.jspecify.annotations.NullMarked
package io.github.gracefulnetty.internal.descriptor;

// SPDX-License-Identifier: Apache-2.0
/** The demo: replaces a server three times under load and shows what its clients noticed. */
@org.jspecify.annotations.NullMarked
package io.github.gracefulnetty.examples.demo;

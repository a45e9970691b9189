// SPDX-License-Identifier: Apache-2.0
/** The example for Spring WebFlux. */
@NullMarked
package io.github.gracefulnetty.examples.spring;

import org.jspecify.annotations.NullMarked;

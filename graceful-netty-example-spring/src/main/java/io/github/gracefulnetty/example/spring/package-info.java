// SPDX-License-Identifier: Apache-2.0
/** The example for Spring WebFlux. */
@NullMarked
package io.github.gracefulnetty.example.spring;

import org.jspecify.annotations.NullMarked;

// SPDX-License-Identifier: Apache-2.0
/** Spring Boot makes a WebFlux application on Reactor Netty restartable when it finds this package. */
@NullMarked
package io.github.gracefulnetty.reactor.spring;

import org.jspecify.annotations.NullMarked;

// SPDX-License-Identifier: Apache-2.0
package io.vertx.core.internal;

import io.vertx.core.spi.transport.Transport;

/** What Vert.x 5 has under this name, as far as it is used; for the compiler only, when that has Vert.x 4.5. */
public interface VertxBootstrap {
    Transport transport();

    VertxBootstrap transport(Transport transport);
}

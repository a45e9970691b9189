// SPDX-License-Identifier: Apache-2.0
package io.vertx.core.impl;

import io.vertx.core.spi.transport.Transport;

/** What Vert.x 4.5 has under this name, as far as it is used; for the compiler only, when that has Vert.x 5. */
public class VertxBuilder {
    public native Transport findTransport();

    public native VertxBuilder findTransport(Transport transport);
}

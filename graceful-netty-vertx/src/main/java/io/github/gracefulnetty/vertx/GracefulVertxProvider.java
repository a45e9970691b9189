// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.vertx;

import io.vertx.core.impl.VertxBuilder;
import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.spi.VertxServiceProvider;

/** Gives each {@link io.vertx.core.Vertx} that is created its transport. Vert.x calls one method or the other. */
@SuppressWarnings("MissingOverride") // each line has one of them in its interface, and not the class of the other
public final class GracefulVertxProvider implements VertxServiceProvider {
    /** Vert.x 5. */
    public void init(VertxBootstrap vertx) {
        vertx.transport(GracefulVertx.transportInsteadOf(vertx.transport()));
    }

    /** Vert.x 4.5. */
    public void init(VertxBuilder vertx) {
        vertx.findTransport(GracefulVertx.transportInsteadOf(vertx.findTransport()));
    }
}

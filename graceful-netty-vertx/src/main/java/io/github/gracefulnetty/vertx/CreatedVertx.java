// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.vertx;

import io.vertx.core.Promise;
import io.vertx.core.Verticle;
import io.vertx.core.Vertx;
import io.vertx.core.spi.VerticleFactory;
import java.util.concurrent.Callable;

/** Makes no verticles: it is the one kind of service that all Vert.x lines tell which {@link Vertx} was created. */
public final class CreatedVertx implements VerticleFactory {
    @Override
    public void init(Vertx vertx) {
        Object transport;
        try {
            transport =
                    vertx.getClass().getMethod("transport").invoke(vertx); // its interface is elsewhere in each line
        } catch (ReflectiveOperationException | RuntimeException e) {
            return; // somebody else's implementation
        }
        GracefulTransport used = GracefulTransport.behind(transport);
        if (used != null) {
            used.usedBy(vertx);
        }
    }

    @Override
    public String prefix() {
        return "graceful-netty";
    }

    @Override
    @SuppressWarnings("deprecation") // in Vert.x 5 only, which prefers a method that 4.5 has not
    public void createVerticle(String name, ClassLoader classLoader, Promise<Callable<Verticle>> verticle) {
        verticle.fail("graceful-netty makes no verticles: " + name);
    }
}

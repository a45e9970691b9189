// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a number of equal clients behave.
 *
 * @param name what incidents call these clients
 * @param clients how many there are; each has at most one request in flight
 * @param keepAlive whether a client keeps its connection, or opens one for each request
 * @param thinkTime the pause between a response and the next request; zero for none
 * @param path the request target, or null for the default of {@link StrictClient.Builder#path}
 */
public record Profile(
        String name,
        int clients,
        boolean keepAlive,
        Duration thinkTime,
        @Nullable String path) {

    public Profile {
        if (clients < 0) {
            throw new IllegalArgumentException("clients: " + clients);
        }
        if (thinkTime.isNegative()) {
            throw new IllegalArgumentException("thinkTime: " + thinkTime);
        }
        if (path != null && !path.matches("/[!-~]*")) {
            throw new IllegalArgumentException("not a request target: " + path);
        }
    }

    /** Keep-alive connections whose next request leaves right after the response. */
    public static Profile busy(int clients) {
        return new Profile("busy", clients, true, Duration.ZERO, null);
    }

    /** Keep-alive connections that are idle for {@code thinkTime} between a response and the next request. */
    public static Profile paced(int clients, Duration thinkTime) {
        return new Profile("paced", clients, true, thinkTime, null);
    }

    /** A new connection for each request, with a pause of {@code thinkTime} after each. */
    public static Profile fresh(int clients, Duration thinkTime) {
        return new Profile("fresh", clients, false, thinkTime, null);
    }

    /** The same behaviour on another request target. */
    public Profile withPath(String path) {
        return new Profile(name, clients, keepAlive, thinkTime, path);
    }
}

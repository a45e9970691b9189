// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import java.time.Duration;

/** How long somebody may be told to wait: a time that has an end, and that can be counted in nanoseconds. */
public final class TimeLimit {
    private static final int MOST_DAYS = 365;
    private static final Duration LONGEST = Duration.ofDays(MOST_DAYS);

    private TimeLimit() {}

    /**
     * Checks a setting.
     *
     * @return {@code time}
     * @throws IllegalArgumentException if it is not more than 0, or more than 365 days; the message says so
     */
    public static Duration positive(String setting, Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException(setting + " must be more than 0, not " + time);
        }
        return atMostLongest(setting, time);
    }

    /** The same for a setting that may be 0. */
    public static Duration notNegative(String setting, Duration time) {
        if (time.isNegative()) {
            throw new IllegalArgumentException(setting + " must not be negative: " + time);
        }
        return atMostLongest(setting, time);
    }

    private static Duration atMostLongest(String setting, Duration time) {
        if (time.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(setting + " must be at most " + MOST_DAYS + " days, not " + time);
        }
        return time;
    }

    /** What a peer says, which may be more: then it is 365 days here. */
    public static Duration ofUnsignedMillis(long millis) {
        return Long.compareUnsigned(millis, LONGEST.toMillis()) > 0 ? LONGEST : Duration.ofMillis(millis);
    }
}

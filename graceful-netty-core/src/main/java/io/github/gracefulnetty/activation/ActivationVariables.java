// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.activation;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What {@code LISTEN_PID}, {@code LISTEN_FDS} and {@code LISTEN_FDNAMES} say, as sd_listen_fds(3) defines them. */
final class ActivationVariables {
    static final int FIRST_DESCRIPTOR = 3;
    static final String PID = "LISTEN_PID";
    static final String COUNT = "LISTEN_FDS";
    static final String NAMES = "LISTEN_FDNAMES";

    /** All that a service manager may set; none of them is meant for a child of ours. */
    static final List<String> ALL = List.of(PID, COUNT, NAMES, "LISTEN_PIDFDID");

    /** More than any service has; a larger number is a mistake. */
    private static final int MAX_COUNT = 1 << 16;

    private ActivationVariables() {}

    /**
     * The names of the passed descriptors, from number 3 upwards; {@code LISTEN_FD_3} and so on where none was given. An
     * empty list if nothing was passed, or if it was passed to another process.
     *
     * @throws ActivationException if a variable that concerns this process makes no sense
     */
    static List<String> names(Map<String, String> environment, long ownPid) {
        String pid = environment.get(PID);
        String count = environment.get(COUNT);
        if (pid == null || pid.isEmpty() || count == null || count.isEmpty()) {
            return List.of();
        }
        if (number(PID, pid, Long.MAX_VALUE) != ownPid) {
            return List.of();
        }
        int descriptors = (int) number(COUNT, count, MAX_COUNT);
        @Nullable String given = environment.get(NAMES);
        List<String> names = given == null || given.isEmpty() ? List.of() : List.of(given.split(":", -1));
        if (!names.isEmpty() && names.size() != descriptors) {
            throw new ActivationException(NAMES + "=" + given + " has " + names.size() + " names, but " + COUNT
                    + " announces " + descriptors + " descriptors");
        }
        return IntStream.range(0, descriptors)
                .mapToObj(i -> names.isEmpty() || names.get(i).isEmpty()
                        ? "LISTEN_FD_" + (FIRST_DESCRIPTOR + i)
                        : names.get(i))
                .toList();
    }

    private static long number(String variable, String text, long max) {
        try {
            long number = Long.parseLong(text);
            if (number >= 0 && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new ActivationException(variable + "=" + text + " is not a number");
        }
        throw new ActivationException(variable + "=" + text + " is out of range (0 to " + max + ")");
    }
}

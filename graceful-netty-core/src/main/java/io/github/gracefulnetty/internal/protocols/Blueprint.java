// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What an initializer has built: the classes of a pipeline's handlers, in order, without ours. A connection can be built
 * again in another process as long as its pipeline still looks so.
 */
public final class Blueprint {
    private final List<Class<?>> classes;

    private Blueprint(List<Class<?>> classes) {
        this.classes = classes;
    }

    /**
     * That of a pipeline.
     *
     * @param handlers of the pipeline, first to last
     * @param known is returned if it is the same: thousands of connections share one
     */
    public static Blueprint of(Iterable<Map.Entry<String, ChannelHandler>> handlers, @Nullable Blueprint known) {
        if (known != null && known.isOf(handlers)) {
            return known;
        }
        List<Class<?>> classes = new ArrayList<>();
        for (Map.Entry<String, ChannelHandler> entry : handlers) {
            if (!OwnHandler.isIn(entry)) {
                classes.add(entry.getValue().getClass());
            }
        }
        return new Blueprint(List.copyOf(classes));
    }

    /** Whether a pipeline looks so. */
    public boolean isOf(Iterable<Map.Entry<String, ChannelHandler>> handlers) {
        int count = 0;
        for (Map.Entry<String, ChannelHandler> entry : handlers) {
            if (OwnHandler.isIn(entry)) {
                continue;
            }
            if (count == classes.size()
                    || classes.get(count) != entry.getValue().getClass()) {
                return false;
            }
            count++;
        }
        return count == classes.size();
    }

    /** How a pipeline differs, for a person: the classes that are missing, and those that are new. */
    public String difference(Iterable<Map.Entry<String, ChannelHandler>> handlers) {
        List<Class<?>> missing = new ArrayList<>(classes);
        List<String> added = new ArrayList<>();
        for (Map.Entry<String, ChannelHandler> entry : handlers) {
            if (!OwnHandler.isIn(entry) && !missing.remove(entry.getValue().getClass())) {
                added.add(entry.getValue().getClass().getName());
            }
        }
        String without = missing.isEmpty()
                ? ""
                : "without " + missing.stream().map(Class::getName).collect(Collectors.joining(", "));
        String with = added.isEmpty() ? "" : "with " + String.join(", ", added);
        return without.isEmpty() || with.isEmpty() ? (without + with + order(without + with)) : without + ", " + with;
    }

    private static String order(String difference) {
        return difference.isEmpty() ? "in another order" : "";
    }
}

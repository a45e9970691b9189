// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.netty.channel.ChannelException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionException;

/** What may come out of whatever is called, though nobody expects it. */
public final class Throwables {
    private Throwables() {}

    /** Some of each kind. One of them looks like the end of a connection. */
    public static List<Throwable> unexpected() {
        return List.of(
                new IllegalStateException("no such thing"),
                new ChannelException("no such option"),
                new CompletionException(new IOException("the disk is full")),
                new NoClassDefFoundError("com/example/Gone"),
                new OutOfMemoryError("direct memory"),
                new Exception("not declared"));
    }

    /** Throws {@code failure}, which need not be declared. Returns nothing: it stands behind {@code throw}. */
    public static RuntimeException thrown(Throwable failure) {
        return Throwables.<RuntimeException>sneaky(failure);
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> RuntimeException sneaky(Throwable failure) throws T {
        throw (T) failure;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.netty.handler.codec.DecoderException;
import java.nio.file.FileSystemException;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** How a failure is told to a person, in one line. */
public final class Reasons {
    private Reasons() {}

    /**
     * Says what has failed. A class that cannot be used is told by what went wrong when it was loaded; a failure that cannot even
     * be told, by its class. Never throws.
     */
    public static String of(Throwable failure) {
        Throwable cause = behind(failure, true);
        try {
            return Objects.requireNonNull(told(cause));
        } catch (Throwable t) {
            return cause.getClass().getName();
        }
    }

    private static String told(Throwable cause) {
        String message = cause.getMessage();
        if (message == null || cause instanceof Error || cause instanceof ReflectiveOperationException) {
            return cause.toString(); // the message alone is often no more than a name
        }
        boolean onlyNamesAFile = cause instanceof FileSystemException file && file.getReason() == null;
        String reason = onlyNamesAFile ? cause.toString() : message;
        String shortage = NativeCalls.shortage(cause);
        return shortage.isEmpty() ? reason : reason + ": " + shortage;
    }

    /** The reason of what was behind it all. */
    public static String root(Throwable failure) {
        return of(NativeCalls.root(failure));
    }

    public static Throwable unwrap(Throwable failure) {
        return behind(failure, false);
    }

    /** The first one that is no wrapper; else the last one. */
    private static Throwable behind(Throwable failure, boolean loading) {
        Throwable last = failure;
        for (Throwable cause : NativeCalls.causes(failure)) {
            last = cause;
            if (!isWrapper(cause) && !(loading && isLoading(cause))) {
                break;
            }
        }
        return last;
    }

    private static boolean isLoading(Throwable failure) {
        return failure instanceof ExceptionInInitializerError || failure instanceof NoClassDefFoundError;
    }

    private static boolean isWrapper(Throwable failure) {
        return failure instanceof CompletionException
                || failure instanceof ExecutionException
                || failure.getClass() == DecoderException.class;
    }
}

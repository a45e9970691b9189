// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transport;

import io.netty.channel.ChannelException;
import io.netty.channel.unix.Errors.NativeIoException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one place where calls of Netty's natives are made to fail as everything else here does: with an {@link IOException}
 * that says why. Netty itself throws unchecked exceptions where no descriptor is left, and an error where a class of it
 * cannot be loaded.
 */
public final class NativeCalls {
    // From <errno.h> of Linux and macOS; Netty has no names for them, and negates them.
    private static final int ENFILE = -23;
    private static final int EMFILE = -24;

    private static final String OF_PROCESS = "this process may have no more descriptors open, see ulimit -n";
    private static final String OF_SYSTEM = "this system may have no more files open, see fs.file-max";

    /** A chain of causes may be a ring. */
    private static final int MOST_CAUSES = 32;

    private NativeCalls() {}

    /** A call that may fail in any of these ways. */
    @FunctionalInterface
    public interface Call<T> {
        /** What was asked for. */
        T make() throws IOException;
    }

    /**
     * Makes a call. What says that it was wrong to ask, an {@link UnsupportedOperationException} or an {@link
     * IllegalArgumentException}, passes.
     *
     * @throws IOException if it failed; it says why, and what the operator can do about it if that is known
     */
    public static <T> T call(Call<T> call) throws IOException {
        try {
            return call.make();
        } catch (UncheckedIOException e) {
            throw failure(e);
        } catch (ChannelException | IllegalStateException | LinkageError e) {
            throw failure(e);
        }
    }

    /**
     * The same where no checked exception can pass.
     *
     * @throws UncheckedIOException if it failed; its message is that of its cause
     */
    public static <T> T unchecked(Call<T> call) {
        try {
            return call(call);
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    private static IOException failure(Throwable thrown) {
        if (thrown instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
            return unchecked.getCause();
        }
        String shortage = shortage(thrown);
        String message = rootMessage(thrown);
        return new IOException(shortage.isEmpty() ? message : message + ": " + shortage, thrown);
    }

    /**
     * What a failure has to do with the number of descriptors that may be open, and where that is set, for a person; empty
     * if nothing, or if the failure says so itself. Knows the failures of Netty and those of the JDK.
     */
    public static String shortage(Throwable failure) {
        List<Throwable> causes = causes(failure);
        for (Throwable cause : causes) {
            String message = messageOf(cause);
            if (message.contains(OF_PROCESS) || message.contains(OF_SYSTEM)) {
                return "";
            }
        }
        for (Throwable cause : causes) {
            String message = messageOf(cause);
            int error = cause instanceof NativeIoException e ? e.expectedErr() : 0;
            // The JDK has no number but in the message of a process that it cannot start.
            if (error == ENFILE || message.contains("error=23,") || message.contains("Too many open files in system")) {
                return OF_SYSTEM;
            }
            if (error == EMFILE || message.contains("error=24,") || message.contains("Too many open files")) {
                return OF_PROCESS;
            }
        }
        return "";
    }

    /**
     * A failure, then what is behind it, the root last; as far as it tells, and no more than 32 of them: who initializes causes
     * may make a ring. Never throws.
     */
    public static List<Throwable> causes(Throwable failure) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable next = failure; next != null && causes.size() < MOST_CAUSES; next = causeOf(next)) {
            causes.add(next);
        }
        return causes;
    }

    private static @Nullable Throwable causeOf(Throwable failure) {
        try {
            return failure.getCause();
        } catch (Throwable t) {
            return null;
        }
    }

    private static String messageOf(Throwable failure) {
        try {
            return String.valueOf(failure.getMessage());
        } catch (Throwable t) {
            return "";
        }
    }

    /** What was behind it all, as far as it tells. Never throws. */
    public static Throwable root(Throwable failure) {
        List<Throwable> causes = causes(failure);
        return causes.get(causes.size() - 1);
    }

    private static String rootMessage(Throwable thrown) {
        Throwable root = root(thrown);
        try {
            String message = root.getMessage();
            return root instanceof Error || message == null ? root.toString() : message;
        } catch (Throwable t) {
            return root.getClass().getName();
        }
    }
}

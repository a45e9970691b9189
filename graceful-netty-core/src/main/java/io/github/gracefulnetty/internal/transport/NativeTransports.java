// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transport;

import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Finds the native transport of this machine, and tells what an event-loop group drives on either Netty line. */
public final class NativeTransports {
    private static final @Nullable Class<?> IO_GROUP = classOrNull("io.netty.channel.IoEventLoopGroup");

    private static final @Nullable Method IS_COMPATIBLE = isCompatible(IO_GROUP);

    /** Asked for once per channel. */
    private static final Map<String, Optional<Class<?>>> HANDLES = new ConcurrentHashMap<>();

    private static final String WORK_DIRECTORY = "io.netty.native.workdir";

    private NativeTransports() {}

    /**
     * What {@link #find()} found.
     *
     * @param transport the first usable transport, {@code null} if there is none
     * @param problem why there is none, and what to add; empty if there is one
     */
    public record Found(@Nullable NativeTransport transport, String problem) {}

    /** Looks for a usable transport. Loads its native library. */
    public static Found find() {
        List<String> problems = new ArrayList<>();
        ServiceLoader<NativeTransport> loader =
                ServiceLoader.load(NativeTransport.class, NativeTransports.class.getClassLoader());
        var providers = loader.iterator();
        while (true) {
            try {
                if (!providers.hasNext()) {
                    break;
                }
                NativeTransport transport = providers.next();
                Throwable cause = transport.unavailabilityCause();
                if (cause == null) {
                    return new Found(transport, "");
                }
                problems.add(transport.name() + ": " + NativeCalls.root(cause));
            } catch (ServiceConfigurationError | LinkageError e) {
                problems.add(NativeCalls.root(e).toString());
            }
        }
        String problem = String.join("; ", problems);
        String advice = problem.contains("UnsatisfiedLinkError")
                ? "the native library is written to "
                        + System.getProperty(WORK_DIRECTORY, System.getProperty("java.io.tmpdir"))
                        + " and loaded from there: if that is full, or mounted noexec, name another directory with -D"
                        + WORK_DIRECTORY
                : "add io.github.gracefulnetty:graceful-netty-epoll (Linux) or graceful-netty-kqueue (macOS)";
        return new Found(null, problem.isEmpty() ? advice : problem + "; " + advice);
    }

    /** Whether {@code group} drives NIO channels, whichever way it was made. */
    @SuppressWarnings("deprecation") // in Netty 4.2 only; it is still what most servers use
    public static boolean isNio(EventLoopGroup group) {
        return group instanceof NioEventLoopGroup || isIoGroupFor(group, "io.netty.channel.nio.NioIoHandle");
    }

    /**
     * Whether {@code group} is an {@code IoEventLoopGroup} of Netty 4.2 that accepts handles of the named type. Always
     * {@code false} on Netty 4.1, which has no such groups.
     */
    public static boolean isIoGroupFor(EventLoopGroup group, String handleType) {
        if (IO_GROUP == null || IS_COMPATIBLE == null || !IO_GROUP.isInstance(group)) {
            return false;
        }
        Class<?> handle = HANDLES.computeIfAbsent(handleType, name -> Optional.ofNullable(classOrNull(name)))
                .orElse(null);
        try {
            return handle != null && Boolean.TRUE.equals(IS_COMPATIBLE.invoke(group, handle));
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("cannot ask " + group + " what it drives", e);
        }
    }

    private static @Nullable Method isCompatible(@Nullable Class<?> ioGroup) {
        try {
            return ioGroup == null ? null : ioGroup.getMethod("isCompatible", Class.class);
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("this is not the Netty 4.2 that we know: " + e.getMessage(), e);
        }
    }

    private static @Nullable Class<?> classOrNull(String name) {
        try {
            return Class.forName(name, false, NativeTransports.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            return null;
        }
    }
}

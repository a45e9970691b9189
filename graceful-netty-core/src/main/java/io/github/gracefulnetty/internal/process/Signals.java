// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import io.netty.util.internal.logging.InternalLogLevel;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Locale;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Signal handlers, through {@code sun.misc.Signal}: it is supported, but javac cannot be told not to warn of it. */
public final class Signals {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(Signals.class);

    private Signals() {}

    /**
     * Runs {@code action} on a thread of the JVM's whenever the signal arrives, instead of what was done so far.
     *
     * @param action gets the signal's number
     * @param name without SIG, for instance {@code HUP}
     * @return puts the former handler back
     * @throws IllegalArgumentException if there is no such signal or the JVM keeps it to itself
     */
    public static Runnable handle(String name, IntConsumer action) {
        String upper = name.toUpperCase(Locale.ROOT);
        String signalName = upper.startsWith("SIG") ? upper.substring(3) : upper;
        try {
            Class<?> signalType = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object signal = signalType.getConstructor(String.class).newInstance(signalName);
            int number = (Integer) signalType.getMethod("getNumber").invoke(signal);
            Object handler = Proxy.newProxyInstance(
                    Signals.class.getClassLoader(),
                    new Class<?>[] {handlerType},
                    new Handler(signalName, number, action));
            var handle = signalType.getMethod("handle", signalType, handlerType);
            Object former = handle.invoke(null, signal, handler);
            if (handlerType.getField("SIG_IGN").get(null).equals(former)) {
                // A shell starts what runs in the background with INT ignored: that is nothing to be told of each time.
                LOGGER.log(
                        signalName.equals("INT") ? InternalLogLevel.DEBUG : InternalLogLevel.WARN,
                        "graceful-netty: {} was ignored when this process started (nohup?), the JVM keeps it so: it will"
                                + " do nothing",
                        signalName);
            }
            return new Restore(signalName, handle, signal, former);
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException("cannot handle signal " + signalName + ": " + e.getCause(), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("this JVM has no signal handling (module jdk.unsupported)", e);
        }
    }

    /** With a name, as what follows: a process that starts makes lambdas of such shapes slowly. */
    private record Handler(String signal, int number, IntConsumer action) implements InvocationHandler {
        @Override
        public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) {
            return switch (method.getName()) {
                case "equals" -> arguments != null && proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                case "toString" -> "graceful-netty handler of " + signal;
                default -> {
                    action.accept(number);
                    yield null;
                }
            };
        }
    }

    private record Restore(String name, Method handle, Object signal, Object former) implements Runnable {
        @Override
        public void run() {
            try {
                handle.invoke(null, signal, former);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot put the handler of " + name + " back", e);
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.gracefulnetty.internal.descriptor.UnixSockets;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells a service manager, such as systemd, which process serves and what it does: one datagram for each message to the
 * socket that {@code NOTIFY_SOCKET} names, as sd_notify(3) describes it. Without that variable nobody is told. It is a
 * courtesy: its methods throw nothing, what fails is logged once, and nothing else. On the control loop.
 */
public final class ServiceManager {
    /** The variable that names the socket. */
    public static final String VARIABLE = "NOTIFY_SOCKET";

    private final @Nullable DomainSocketAddress address;
    private boolean failed;

    private ServiceManager(@Nullable DomainSocketAddress address) {
        this.address = address;
    }

    /**
     * The one that listens at {@code socket}.
     *
     * @param socket an absolute path, or {@code @} and an abstract name; {@code null} or empty if there is none
     */
    public static ServiceManager at(@Nullable String socket) {
        if (socket == null || socket.isEmpty()) {
            return new ServiceManager(null);
        }
        boolean isAbstract = socket.charAt(0) == '@';
        if (!isAbstract && socket.charAt(0) != '/') {
            LOGGER.warn(
                    "graceful-netty: {}={} is no unix socket: the service manager is told nothing", VARIABLE, socket);
            return new ServiceManager(null);
        }
        return new ServiceManager(new DomainSocketAddress(isAbstract ? "\0" + socket.substring(1) : socket));
    }

    /** This process serves: for the first time, after an upgrade that failed, or after everything was taken back. */
    public void serving(String status) {
        tell("READY=1\nMAINPID=" + ProcessHandle.current().pid() + "\nSTATUS=" + oneLine(status));
    }

    /** An upgrade begins; {@link #serving} follows, from this process or from the next one. */
    public void upgrading() {
        long micros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime()); // CLOCK_MONOTONIC, as is wanted
        tell("RELOADING=1\nMONOTONIC_USEC=" + micros + "\nSTATUS=upgrading");
    }

    /** The successor may serve from now on. */
    public void handingOver(long successor) {
        tell("MAINPID=" + successor);
    }

    /** This process ends, and has no successor. */
    public void stopping() {
        tell("STOPPING=1\nSTATUS=stopping");
    }

    private static String oneLine(String text) {
        return text.replace('\n', ' ');
    }

    private void tell(String message) {
        if (address == null) {
            return;
        }
        try {
            send(message.getBytes(UTF_8), address);
        } catch (Throwable t) { // whatever it is, it must not reach an upgrade that tells of itself
            if (!failed) {
                failed = true;
                LOGGER.warn("graceful-netty: the service manager at {} cannot be told: {}", address, t.toString());
            }
        }
    }

    private static void send(byte[] message, DomainSocketAddress address) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(message.length).put(message);
        Socket socket = UnixSockets.datagram();
        try {
            socket.connect(address);
            if (socket.write(buffer, 0, message.length) != message.length) {
                throw new IOException("it does not read");
            }
        } finally {
            socket.close();
        }
    }
}

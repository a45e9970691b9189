// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.HandoffPath;
import io.github.gracefulnetty.internal.transfer.HandoffServer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.transfer.TimeLimit;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.unix.PeerCredentials;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Listens on a path and gives every process of our user that connects what an {@link Offerer} offers. Receivers are served
 * side by side: a slow or dead one holds up nobody, nor does an offerer that blocks. All methods may be called from any thread.
 */
public final class DescriptorServer implements AutoCloseable {
    /**
     * How many receivers are served at the same time; a further one is refused with a reason. One whose offerer has not returned
     * counts until it does, even if it was given up.
     */
    public static final int MAX_RECEIVERS = 256;

    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(DescriptorServer.class);
    /** Each receiver says something on two connections; many may come at the same moment. */
    private static final int MAX_SILENT = 2 * MAX_RECEIVERS;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final NativeTransport transport;
    private final ControlLoop control;
    private final Offerer offerer;
    private final Duration patience;
    private final Path path;
    private final List<SendingSession> sessions = new ArrayList<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private @Nullable HandoffServer server;

    private DescriptorServer(
            NativeTransport transport, ControlLoop control, Path path, Offerer offerer, Duration patience) {
        this.transport = transport;
        this.control = control;
        this.path = path;
        this.offerer = offerer;
        this.patience = patience;
    }

    /** Listens; a receiver that says nothing for 10 s is given up, as is one that the offerer takes longer for. See {@link #listen(Path, Offerer, Duration)}. */
    public static DescriptorServer listen(Path path, Offerer offerer) throws IOException {
        return listen(path, offerer, PATIENCE);
    }

    /**
     * Listens at {@code path}, on a unix socket of mode 0600. What nobody listens on any more is replaced.
     *
     * @param patience how long a receiver may say nothing before it is given up, and how long {@code offerer} may take for one; at
     *     most 365 days
     * @throws IOException if the path cannot be used, or somebody listens there; the message says so
     * @throws HandoffException if there is no native transport
     */
    public static DescriptorServer listen(Path path, Offerer offerer, Duration patience) throws IOException {
        Objects.requireNonNull(offerer, "offerer");
        TimeLimit.positive("patience", patience);
        NativeTransport transport = Natives.required();
        ControlLoop control;
        try {
            control = new ControlLoop(transport);
        } catch (IOException e) {
            throw new IOException("unix:" + path + ": there can be no event loop: " + Reasons.of(e), e);
        }
        DescriptorServer server = new DescriptorServer(transport, control, path, offerer, patience);
        CompletableFuture<Void> open = new CompletableFuture<>();
        server.control.execute(() -> {
            try {
                server.open();
                open.complete(null);
            } catch (Throwable t) {
                server.shutDown();
                open.completeExceptionally(t);
            }
        });
        try {
            open.get();
            return server;
        } catch (InterruptedException e) {
            server.close();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while binding unix:" + path, e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause
                    ? cause
                    : new IOException("unix:" + path + ": " + Reasons.of(e), e);
        }
    }

    private void open() throws IOException {
        HandoffPath place = new HandoffPath(path);
        place.check();
        HandoffServer listening = new HandoffServer(transport, control, place, new Reception(), MAX_SILENT);
        server = listening;
        place.publishFresh();
    }

    /** Where receivers connect. */
    public Path path() {
        return path;
    }

    /**
     * Stops listening, removes the path if it is still ours, and ends what is under way. Blocks until that is done; it does not
     * wait for an offerer that has not returned.
     */
    @Override
    public void close() {
        try {
            control.execute(this::shutDown);
        } catch (RejectedExecutionException e) {
            LOGGER.debug("graceful-netty: unix:{} was closed before", path, e);
        }
        closed.join();
    }

    private void shutDown() {
        if (closed.isDone()) {
            return;
        }
        if (server != null) {
            server.close();
        }
        for (SendingSession session : List.copyOf(sessions)) {
            session.abort("the sender was closed");
        }
        control.shutDown().addListener(ended -> closed.complete(null));
    }

    private final class Reception implements HandoffServer.Receptionist {
        @Override
        public void hello(Channel connection, PeerCredentials peer, Message.Hello hello) {
            if (hello.purpose() != Message.Purpose.RECEIVE) {
                HandoffServer.refuse(connection, "descriptors are offered here, there is no server to take over from");
                return;
            }
            if (sessions.size() >= MAX_RECEIVERS) {
                HandoffServer.refuse(connection, MAX_RECEIVERS + " receivers are served already: " + advice());
                return;
            }
            SendingSession session = new SendingSession(transport, control, connection, peer.pid(), offerer, patience);
            sessions.add(session);
            session.over().whenComplete((nothing, failure) -> {
                session.asked().whenComplete((returned, none) -> sessions.remove(session));
                if (failure != null) {
                    LOGGER.warn("graceful-netty: unix:{}: {}", path, Reasons.of(failure));
                }
            });
            session.welcome();
        }

        private String advice() {
            long blocked =
                    sessions.stream().filter(session -> session.over().isDone()).count();
            if (blocked == 0) {
                return "try again";
            }
            LOGGER.warn(
                    "graceful-netty: unix:{}: a receiver is refused, because the offerer has not returned for {} others",
                    path,
                    blocked);
            return "for " + blocked + " of them the offerer has not returned";
        }

        @Override
        public void attach(Channel connection, PeerCredentials peer, Message.Attach attach) {
            for (SendingSession session : sessions) {
                if (session.awaits(attach.laneToken(), peer)) {
                    session.attached(connection);
                    return;
                }
            }
            HandoffServer.refuse(connection, "nobody waits for this descriptor connection");
        }
    }
}

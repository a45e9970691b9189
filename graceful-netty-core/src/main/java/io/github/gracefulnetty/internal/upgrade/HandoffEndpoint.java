// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.process.TemporaryFile;
import io.github.gracefulnetty.internal.process.UnixSocketFile;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.HandoffPath;
import io.github.gracefulnetty.internal.transfer.HandoffServer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Where successors find this process: at the configured path, or at a private one while an upgrade runs. */
final class HandoffEndpoint {
    /** How long it may take to find out who listens at a path. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final @Nullable NativeTransport transport;
    private final ControlLoop control;
    private final @Nullable Path configured;
    private final OwnPidFile pidFile;
    private final HandoffServer.Receptionist receptionist;
    private volatile @Nullable HandoffServer server;
    private volatile @Nullable Path privateDirectory;
    private boolean unhealed;

    HandoffEndpoint(
            @Nullable NativeTransport transport,
            ControlLoop control,
            Settings settings,
            HandoffServer.Receptionist receptionist) {
        this.transport = transport;
        this.control = control;
        this.configured = settings.handoffPath();
        this.pidFile = OwnPidFile.at(settings.pidFile());
        this.receptionist = receptionist;
    }

    /** @throws IOException if the configured path cannot be used; says why */
    void check() throws IOException {
        if (configured != null && transport != null) {
            new HandoffPath(configured).check();
        }
    }

    /** Listens at the configured path, where nobody else does. */
    void openAlone() throws IOException {
        if (prepare()) {
            published().publishFresh();
        }
    }

    /**
     * Binds, and writes the PID file, under a temporary name, so that taking over is one rename each that can hardly fail.
     *
     * @return whether there is anything to publish
     */
    boolean prepare() throws IOException {
        pidFile.prepare();
        if (configured == null || transport == null) {
            return false;
        }
        if (server == null) {
            server = new HandoffServer(transport, control, new HandoffPath(configured), receptionist);
        }
        return true;
    }

    /** The PID file, which says that this process serves. */
    OwnPidFile pidFile() {
        return pidFile;
    }

    /** Puts what was prepared in the predecessor's place. */
    void takeOver() throws IOException {
        pidFile.publish();
        if (server != null && !published().isOurs()) {
            published().publishOverPredecessor();
        }
    }

    /** Makes the path lead here again, after a successor took it and died. May be tried again if it fails. */
    void takeBack() throws IOException {
        pidFile.takeBack();
        NativeTransport usable = transport;
        if (configured != null
                && usable != null
                && (server == null || !published().isOurs())) {
            closePrivate();
            closeServer();
            HandoffServer anew = new HandoffServer(usable, control, new HandoffPath(configured), receptionist);
            server = anew;
            anew.path().publishOverPredecessor();
        }
    }

    /** Makes the path lead here again if somebody has removed it. Whatever somebody has put there is left alone. */
    void heal() {
        NativeTransport usable = transport;
        HandoffServer unreachable = server;
        if (configured == null
                || usable == null
                || unreachable == null
                || Files.exists(configured, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            HandoffServer anew = new HandoffServer(usable, control, new HandoffPath(configured), receptionist);
            try {
                anew.path().publishFresh();
            } catch (Throwable t) {
                anew.close();
                throw t;
            }
            server = anew;
            unreachable.close();
            LOGGER.warn("graceful-netty: somebody has removed unix:{}: it is in place again", configured);
        } catch (IOException e) {
            if (!unhealed) {
                unhealed = true;
                LOGGER.warn(
                        "graceful-netty: unix:{} is gone, and cannot be put in place again: {}",
                        configured,
                        e.toString());
            }
        }
    }

    /** Removes what processes have left that were killed before they served. */
    void removeOrphans() {
        if (configured != null && transport != null) {
            TemporaryFile.removeOrphans(configured);
        }
        if (transport != null) {
            pidFile.removeOrphans();
        }
    }

    /**
     * Finds out which process listens at the configured path.
     *
     * @param action gets its pid on the control loop; 0 if there is none, or no path, or it cannot be found out
     */
    void whoListens(LongConsumer action) {
        if (configured == null) {
            action.accept(0);
        } else {
            whoListens(configured, action);
        }
    }

    /** The same for any path. */
    void whoListens(Path path, LongConsumer action) {
        NativeTransport usable = transport;
        if (usable == null) {
            action.accept(0);
            return;
        }
        Channel probe;
        try {
            probe = usable.newConnection();
        } catch (IOException e) { // no descriptor is left
            LOGGER.warn("graceful-netty: cannot find out who listens at unix:{}: {}", path, Reasons.of(e));
            action.accept(0);
            return;
        }
        control.register(probe);
        ScheduledFuture<?> limit = control.schedule(probe::close, LOOK);
        probe.connect(new DomainSocketAddress(path.toString())).addListener(connected -> {
            limit.cancel(false);
            long pid = connected.isSuccess() ? pidOf(usable, probe) : 0;
            probe.close();
            control.execute(() -> action.accept(pid));
        });
    }

    private static long pidOf(NativeTransport transport, Channel connection) {
        try {
            return transport.peerCredentials(connection).pid();
        } catch (Throwable t) { // whoever has asked waits for an answer
            LOGGER.debug("graceful-netty: who listens has gone meanwhile", t);
            return 0;
        }
    }

    /** Whether it is this process that listens at {@code path}. */
    boolean isPublished(Path path) {
        return server != null
                && published().path().equals(path.toAbsolutePath().normalize())
                && published().isOurs();
    }

    /** Whether any process listens at the configured path. */
    boolean somebodyListens() {
        return configured != null && somebodyListens(configured);
    }

    /** Whether a socket is there on which nobody listens any more, for certain. */
    private static boolean isStale(Path path) {
        try {
            return UnixSocketFile.probe(path) == UnixSocketFile.Presence.STALE;
        } catch (IOException e) {
            LOGGER.debug("graceful-netty: cannot find out who listens at unix:{}", path, e);
            return false;
        }
    }

    /** Whether any process listens at {@code path}; {@code false} if that cannot be found out. */
    static boolean somebodyListens(Path path) {
        try {
            return UnixSocketFile.probe(path) == UnixSocketFile.Presence.ALIVE;
        } catch (IOException e) {
            LOGGER.warn("graceful-netty: cannot find out who listens at unix:{}: {}", path, Reasons.of(e));
            return false;
        }
    }

    /** Where a successor that is started now finds us. */
    Path pathForUpgrade() throws IOException {
        heal();
        if (configured != null && !isPublished(configured) && isStale(configured)) {
            takeBack(); // a successor took it and died, and there was no room to take it back then
        }
        if (server != null && configured != null && !Files.exists(configured, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException("somebody has removed unix:" + configured + ", and it cannot be put in place again");
        }
        NativeTransport usable = transport;
        if (server == null && usable != null) {
            Path directory = Files.createTempDirectory("graceful-netty-");
            privateDirectory = directory;
            HandoffPath path = new HandoffPath(directory.resolve("handoff.sock"));
            path.check();
            server = new HandoffServer(usable, control, path, receptionist);
            path.publishFresh();
        }
        return published().path();
    }

    /** Removes the path that served one upgrade only, if there was one. */
    void closePrivate() {
        Path directory = privateDirectory;
        if (directory == null) {
            return;
        }
        privateDirectory = null;
        closeServer();
        try {
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            LOGGER.warn("graceful-netty: cannot remove {}: {}", directory, e.toString());
        }
    }

    /** Removes the paths only, if they are still ours: for a JVM that ends without a drain. On any thread. */
    void removePaths() {
        HandoffServer listening = server;
        if (listening != null) {
            listening.removePath();
        }
        pidFile.remove();
        removeOrphan(privateDirectory == null ? null : privateDirectory.resolve("handoff.sock"));
    }

    /** Removes the private path of a predecessor that died during the upgrade: nobody else knows it. */
    void removeOrphan(@Nullable Path orphan) {
        if (orphan == null) {
            return;
        }
        try {
            Files.deleteIfExists(orphan);
            Path directory = orphan.getParent();
            if (directory != null) {
                Files.deleteIfExists(directory);
            }
        } catch (IOException e) {
            LOGGER.warn("graceful-netty: cannot remove {}: {}", orphan, e.toString());
        }
    }

    void close() {
        pidFile.remove();
        closePrivate();
        closeServer();
    }

    private void closeServer() {
        HandoffServer listening = server;
        server = null;
        if (listening != null) {
            listening.close();
        }
    }

    private HandoffPath published() {
        HandoffServer listening = server;
        if (listening == null) {
            throw new IllegalStateException("there is no handoff socket");
        }
        return listening.path();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.internal.connections.MoveMode;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.FileMode;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.internal.process.OpenFiles;
import io.github.gracefulnetty.internal.transfer.FileItem;
import io.github.gracefulnetty.internal.transfer.TimeLimit;
import io.github.gracefulnetty.internal.upgrade.ExternalSettings;
import io.github.gracefulnetty.internal.upgrade.GracefulRuntime;
import io.github.gracefulnetty.internal.upgrade.Preparation;
import io.github.gracefulnetty.internal.upgrade.Settings;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.transport.DescriptorKind;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/**
 * The life of this process among its generations: it takes over from a predecessor if there is one, and hands over to a
 * successor when one comes. One per process is usual. All methods may be called from any thread.
 */
public final class Graceful {
    private final GracefulRuntime runtime;

    private Graceful(GracefulRuntime runtime) {
        this.runtime = runtime;
    }

    /**
     * Loads what a successor needs on a thread of its own, so that it is ready some tens of milliseconds sooner. Optional:
     * the first statement of {@code main}, before the application reads its arguments and configuration. Does nothing in
     * a process that no predecessor started. Never blocks, never fails.
     */
    public static void prepare() {
        Preparation.begin();
    }

    /**
     * Settings, all with defaults.
     *
     * @throws IllegalArgumentException if probation is set from outside, to something that is no time
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The instance that {@code new GracefulBootstrap()} uses, set up on first use from system properties and the
     * environment. It declares itself ready as soon as a listener is bound and no inherited one is left unclaimed.
     *
     * @throws IllegalArgumentException if a setting makes no sense; the message names it
     * @throws HandoffException if there is a predecessor, but its listeners could not be received
     */
    public static Graceful processWide() {
        return ProcessWide.INSTANCE;
    }

    private static final class ProcessWide {
        private static final Graceful INSTANCE =
                new Builder().everythingFrom(ExternalSettings.ofThisProcess()).build();
    }

    /**
     * Hands a regular file on to successors, as long as it is open: they get it in the same mode, at the offset that it
     * has when the upgrade begins. The channel stays the caller's to close. Linux only. A file that is handed over under
     * the same name later takes its place.
     *
     * <p>Other threads may read and write through {@code file} meanwhile; its offset is not touched. To find its
     * descriptor, a lock of one byte far behind its end is held for a moment: a lock on the whole file cannot be had just
     * then. A lock that this process holds on the file stays its own, through an upgrade that fails, too; it does not go to
     * the successor.
     *
     * @throws IOException if it is no regular file, or this system does not tell its descriptor
     */
    public void handOverFile(String name, FileChannel file) throws IOException {
        runtime.parts().files().handOver(name, FileItem.of(file, checkName(name), Bytes.NONE));
    }

    /**
     * A file that the predecessor handed over under this name, once; the caller closes it. To be asked for before
     * {@link #ready()}: what nobody wants is closed then.
     *
     * @throws IOException if this process may not open it
     */
    public Optional<FileChannel> inheritedFile(String name) throws IOException {
        Inherited inherited = runtime.parts().register().claimNamed(DescriptorKind.FILE, name);
        if (inherited == null) {
            return Optional.empty();
        }
        FileMode mode = Objects.requireNonNull(inherited.description().mode(), "a file has a mode");
        try (OwnedDescriptor descriptor = inherited.descriptor()) {
            return Optional.of(OpenFiles.reopen(descriptor.number(), mode));
        }
    }

    /**
     * Hands application state on to successors: {@code state} is asked when an upgrade begins, on a thread of its own, and
     * a successor gets the bytes before anything else. If it fails, the upgrade does. At most 64 MiB, all names together.
     */
    public void handOverState(String name, Callable<byte[]> state) {
        runtime.parts().states().handOver(checkName(name), state);
    }

    /** The state that the predecessor handed over under this name, once. It is there as soon as this object is built. */
    public Optional<byte[]> inheritedState(String name) {
        return Optional.ofNullable(runtime.parts().states().take(name));
    }

    private static String checkName(String name) {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (name.isEmpty() || length > MessageCodec.MAX_STRING) {
            throw new IllegalArgumentException(
                    "a name has 1 to " + MessageCodec.MAX_STRING + " bytes, this one " + length);
        }
        return name;
    }

    /**
     * Declares that this process is initialised. The predecessor pauses and drains, and listeners of this process accept.
     * Calling it again changes nothing.
     *
     * @return completes when this process serves; with a {@link HandoffException} if the predecessor has given up or
     *     this process is stopping. Dependent actions run on a thread that they may block
     */
    public CompletableFuture<Void> ready() {
        return runtime.ready();
    }

    /**
     * Declares that this process cannot serve, because its application has failed to start: for frameworks, whose own
     * report of the cause comes later, and goes elsewhere. Does not end this process. As a successor that does not serve yet
     * it gives up, and {@code cause} reaches the predecessor's log and the caller of its upgrade; on probation it rolls back;
     * otherwise it is logged, and nothing else happens.
     */
    public void fail(Throwable cause) {
        runtime.fail(Objects.requireNonNull(cause, "cause"));
    }

    /**
     * Replaces this process: starts a successor with this process's own command line, or with that of
     * {@link Builder#upgradeCommand}, in the same directory and environment.
     *
     * @return completes when the successor serves; with a {@link HandoffException} that tells the reason if it does not,
     *     after its process has ended. This process serves on then, and may be upgraded again
     */
    public CompletableFuture<UpgradeResult> upgrade() {
        return runtime.outer(runtime.upgrade("upgrade()")
                .thenApply(successor -> new UpgradeResult(
                        successor.pid(),
                        successor.generation(),
                        successor.took(),
                        runtime.outer(successor.confirmed()))));
    }

    /**
     * Ends the upgrade that is in progress, unless the successor has been told to go on. Its future fails.
     *
     * @return completes with {@code true} if there was one to be ended; its process may still take a moment to end
     */
    public CompletableFuture<Boolean> cancelUpgrade() {
        return runtime.cancelUpgrade();
    }

    /**
     * Declares that this process, which has replaced another one, cannot serve: its predecessor serves again, and this
     * process drains and ends. Possible while it is on probation.
     *
     * @param reason for the logs of both
     * @return completes when the predecessor serves; with a {@link HandoffException} if it is too late, or there is none:
     *     then this process serves on
     */
    public CompletableFuture<Void> rollBack(String reason) {
        return runtime.rollBack(Objects.requireNonNull(reason, "reason"));
    }

    /**
     * Ends this process's service without a successor: closes its listeners, drains its connections. While an upgrade
     * runs, that is ended first, unless the successor has been told to go on. A second call ends the drain at once.
     *
     * @return completes when no connection is left
     */
    public CompletableFuture<ExitReport> stop() {
        return runtime.outer(runtime.stop().thenApply(ExitReport::of));
    }

    /**
     * Waits until this process has nothing left to do: handed over for good or stopped, and drained. Its listening channels are
     * closed then; event-loop groups stay the application's to shut down.
     *
     * @throws HandoffException if this process was to take over and could not; its predecessor serves on
     * @throws InterruptedException if the waiting thread is interrupted; nothing else changes
     */
    public ExitReport awaitExit() throws InterruptedException {
        try {
            return ExitReport.of(runtime.exitFuture().get());
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new CompletionException(e.getCause());
        }
    }

    /** What {@link #awaitExit()} waits for, for those who do not want to block. */
    public CompletableFuture<ExitReport> exitFuture() {
        return runtime.outer(runtime.exitFuture().thenApply(ExitReport::of));
    }

    /** This process's generation: 1 without a predecessor, otherwise the predecessor's plus 1. */
    public int generation() {
        return runtime.generation();
    }

    /** Whether this process is the one that serves: ready, and not handed over or stopping. */
    public boolean isServing() {
        return runtime.phase().serves();
    }

    @Override
    public String toString() {
        return "Graceful(generation=" + generation() + ", phase="
                + runtime.phase().name() + ", " + runtime.parts().settings() + ")";
    }

    GracefulRuntime runtime() {
        return runtime;
    }

    /** Settings of a {@link Graceful}. No time may be longer than 365 days. Not safe for use by several threads. */
    public static final class Builder {
        private Optional<Path> handoffPath = Optional.empty();
        private Duration drainTimeout = Duration.ofSeconds(30);
        private Duration upgradeTimeout = Duration.ofSeconds(60);
        private Duration probation = Duration.ofSeconds(10);
        private Optional<Supplier<? extends CompletionStage<?>>> probationCheck = Optional.empty();
        private int maxDraining = 4;
        private Optional<Path> pidFile = Optional.empty();
        private List<String> upgradeOnSignal = List.of();
        private List<String> stopOnSignal = List.of();
        private Optional<List<String>> command = Optional.empty();
        private long maxApplicationState = MessageCodec.MAX_STATE;
        private String application = "";
        private MoveMode migration = MoveMode.DECLARED;
        private boolean readyWhenListenersAreClaimed;
        private boolean allowDroppedListeners;
        private boolean allowSameProcess;
        private boolean ownSuccessorsOnly;

        private Builder() {
            ExternalSettings external = ExternalSettings.ofThisProcess();
            external.use("probation", value -> probation(ExternalSettings.duration(value)));
            external.use("allowSameProcess", value -> allowSameProcess(ExternalSettings.bool(value)));
        }

        /** For {@link Graceful#processWide()}: each setting that can be written as text, under its own name. */
        Builder everythingFrom(ExternalSettings external) {
            readyWhenListenersAreClaimed(true).upgradeOnSignal("HUP").stopOnSignal("TERM", "INT");
            external.use("handoffPath", value -> handoffPath(Path.of(value)));
            external.use("pidFile", value -> pidFile(Path.of(value)));
            external.use("application", this::application);
            external.use("drainTimeout", value -> drainTimeout(ExternalSettings.duration(value)));
            external.use("upgradeTimeout", value -> upgradeTimeout(ExternalSettings.duration(value)));
            external.use("probation", value -> probation(ExternalSettings.duration(value)));
            external.use("maxDraining", value -> maxDraining(ExternalSettings.number(value)));
            external.use("maxApplicationState", value -> maxApplicationState(ExternalSettings.number(value)));
            external.use("migrateConnections", value -> migrateConnections(ExternalSettings.bool(value)));
            external.use("upgradeOnSignal", value -> upgradeOnSignal(ExternalSettings.signals(value)));
            external.use("stopOnSignal", value -> stopOnSignal(ExternalSettings.signals(value)));
            external.use(
                    "readyWhenListenersAreClaimed",
                    value -> readyWhenListenersAreClaimed(ExternalSettings.bool(value)));
            external.use("allowDroppedListeners", value -> allowDroppedListeners(ExternalSettings.bool(value)));
            external.use("allowSameProcess", value -> allowSameProcess(ExternalSettings.bool(value)));
            external.use("ownSuccessorsOnly", value -> ownSuccessorsOnly(ExternalSettings.bool(value)));
            return this;
        }

        /**
         * Where a successor that somebody else starts finds this process, and where this process looks for a
         * predecessor. A unix socket of mode 0600 in a directory that others cannot write to, or a sticky one. By
         * default there is none: then only {@link Graceful#upgrade()} finds a successor.
         */
        public Builder handoffPath(Path path) {
            handoffPath = Optional.of(path);
            return this;
        }

        /** After which connections that are still open are closed by force; 30 s by default. */
        public Builder drainTimeout(Duration timeout) {
            drainTimeout = TimeLimit.positive("drainTimeout", timeout);
            return this;
        }

        /** How long a successor may take from its start until it serves; 60 s by default. */
        public Builder upgradeTimeout(Duration timeout) {
            upgradeTimeout = TimeLimit.positive("upgradeTimeout", timeout);
            return this;
        }

        /**
         * For how long this process, when it has been replaced, watches its successor: if that dies, hangs up, hangs or
         * rolls back, this process serves again. Until then it keeps its listeners, paused, and does not exit. Zero for
         * none. By default what the system property {@code gracefulnetty.probation} or the environment variable
         * {@code GRACEFUL_NETTY_PROBATION} says, else 10 s.
         */
        public Builder probation(Duration time) {
            probation = TimeLimit.notNegative("probation", time);
            return this;
        }

        /**
         * Decides when this process, as a successor, has passed its probation, instead of time: it is asked once, on a
         * thread of its own, when this process begins to serve. When what it returns completes, probation is passed; if
         * that fails, it throws or returns {@code null}, or nothing happens within the upgrade timeout, this process rolls
         * back and ends: see {@link Graceful#rollBack}. It is not asked if the predecessor has no probation.
         */
        public Builder probationCheck(Supplier<? extends CompletionStage<?>> check) {
            probationCheck = Optional.of(check);
            return this;
        }

        /** How many older generations may drain at the same time; beyond that the oldest ends its drain at once. 4 by default. */
        public Builder maxDraining(int generations) {
            if (generations < 1) {
                throw new IllegalArgumentException("maxDraining must be at least 1, not " + generations);
            }
            maxDraining = generations;
            return this;
        }

        /**
         * Where the pid of the process that serves is written, as a decimal number and a line feed, whenever that changes:
         * before a successor accepts, and when its predecessor takes back. Removed by a process that ends without a
         * successor. Its directory must exist. None by default.
         */
        public Builder pidFile(Path path) {
            if (path.getFileName() == null) {
                throw new IllegalArgumentException("pidFile is not the path of a file: " + path);
            }
            pidFile = Optional.of(path);
            return this;
        }

        /** Signals that call {@link Graceful#upgrade()}, for instance {@code HUP}; none by default. */
        public Builder upgradeOnSignal(String... names) {
            upgradeOnSignal = List.of(names);
            return this;
        }

        /**
         * Signals that call {@link Graceful#stop()}, for instance {@code TERM} and {@code INT}, instead of ending the JVM;
         * none by default.
         */
        public Builder stopOnSignal(String... names) {
            stopOnSignal = List.of(names);
            return this;
        }

        /** What starts a successor, instead of this process's own command line. It must exec, not fork, the JVM. */
        public Builder upgradeCommand(List<String> arguments) {
            if (arguments.isEmpty()) {
                throw new IllegalArgumentException("upgradeCommand is empty: name at least a program");
            }
            command = Optional.of(List.copyOf(arguments));
            return this;
        }

        /**
         * How many bytes of application state this process accepts from a predecessor, all names together; 64 MiB by
         * default, which is also the most that is ever sent.
         */
        public Builder maxApplicationState(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("maxApplicationState must not be negative: " + bytes);
            }
            maxApplicationState = bytes;
            return this;
        }

        /**
         * Names the application, so that another one that is pointed at the same handoff path by mistake does not take
         * its listeners: it is refused if both have a name and the names differ. By default there is none.
         */
        public Builder application(String name) {
            application = checkName(name);
            return this;
        }

        /**
         * Whether idle connections move to the successor instead of being ended: {@code true} for all HTTP/1.1
         * connections without TLS, which says that handlers of the application keep nothing about a connection between
         * two requests; {@code false} for none. By default those move whose handlers are all known to keep nothing, or
         * implement {@link io.github.gracefulnetty.connection.Migratable}, which HTTP/1.1 connections with handlers of the
         * application seldom do. All generations should agree: a connection moves only to a successor that expects it.
         */
        public Builder migrateConnections(boolean migrate) {
            migration = migrate ? MoveMode.ALL : MoveMode.OFF;
            return this;
        }

        /**
         * Whether this process is ready by itself as soon as a listener is bound and no inherited one is left unclaimed,
         * so that nothing has to call {@link Graceful#ready()}. Off by default.
         */
        public Builder readyWhenListenersAreClaimed(boolean automatic) {
            readyWhenListenersAreClaimed = automatic;
            return this;
        }

        /**
         * Whether this process, as a successor, may bind none of the listeners that its predecessor has: they are gone
         * then. By default such a successor is refused, as it is most likely another application, or binds too late. Any
         * listener that it does bind is enough.
         */
        public Builder allowDroppedListeners(boolean allow) {
            allowDroppedListeners = allow;
            return this;
        }

        /**
         * Whether a predecessor may be in this very process: for tests. By default two that are given the same handoff path
         * in one process are a mistake, and the second one is refused. Also by the system property {@code
         * gracefulnetty.allowSameProcess} or the environment variable {@code GRACEFUL_NETTY_ALLOW_SAME_PROCESS}.
         */
        public Builder allowSameProcess(boolean allow) {
            allowSameProcess = allow;
            return this;
        }

        /**
         * Whether only a process that this one has started may take over, not one that somebody else starts and that
         * comes to the handoff path. Off by default.
         */
        public Builder ownSuccessorsOnly(boolean only) {
            ownSuccessorsOnly = only;
            return this;
        }

        /**
         * Connects to a predecessor if there is one and receives its listeners; they wait until they are bound. Blocks
         * until that is done.
         *
         * @throws HandoffException if the handoff path cannot be used, or the predecessor refuses; nothing is left behind
         * @throws io.github.gracefulnetty.activation.ActivationException if a service manager passed nonsense
         * @throws IllegalArgumentException if there is no such signal
         */
        public Graceful build() {
            GracefulRuntime runtime = new GracefulRuntime(settings());
            runtime.start();
            return new Graceful(runtime);
        }

        Settings settings() {
            return new Settings(
                    handoffPath.orElse(null),
                    drainTimeout,
                    upgradeTimeout,
                    probation,
                    probationCheck.orElse(null),
                    maxDraining,
                    pidFile.orElse(null),
                    upgradeOnSignal,
                    stopOnSignal,
                    command.orElse(null),
                    maxApplicationState,
                    application,
                    migration,
                    readyWhenListenersAreClaimed,
                    allowDroppedListeners,
                    allowSameProcess,
                    ownSuccessorsOnly);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.OutgoingTransfer;
import io.github.gracefulnetty.internal.transfer.Reasons;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.Token;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The predecessor's half of one handoff: sends what it has and follows the successor until it serves, and with a
 * {@link Probation} beyond. All on the control loop. Owns the connections, and the successor's process if this process
 * started it.
 */
final class Upgrade {
    /** What happens to the process as a whole. */
    interface Events {
        /** Asked when everything is about to be sent. Completes on the control loop. */
        CompletableFuture<OutgoingTransfer.Contents> contents();

        void transferred();

        void successorReady();

        /** The successor serves, on probation, but for what it had no use for. */
        void successorServing(Successor successor, List<? extends DescriptorSender.Item> unclaimed);

        /** It did not work out; the successor's process, if it was ours, has ended. */
        void failed(String reason);
    }

    /** Who serves now; see {@link UpgradeResult}. */
    record Successor(long pid, int generation, Duration took) {}

    private enum Stage {
        WAITING,
        ATTACHING,
        TRANSFERRING,
        AWAITING_READY,
        HANDING_OVER,
        SERVING,
        FAILED
    }

    private final ControlLoop control;
    private final int generation;
    private final Duration timeout;
    private final Duration probationTime;
    private final Events events;
    private final Probation.Events probationEvents;
    private final Token ticket = Token.random();
    private final long startedNanos = System.nanoTime();
    private final Deadline deadline;

    private Stage stage = Stage.WAITING;
    private long successorPid;
    private boolean ready;
    private @Nullable SuccessorProcess process;
    private @Nullable OutgoingTransfer transfer;
    private @Nullable Probation probation;

    Upgrade(ControlLoop control, int generation, Settings settings, Events events, Probation.Events probationEvents) {
        this.control = control;
        this.generation = generation;
        this.timeout = settings.upgradeTimeout();
        this.probationTime = settings.probation();
        this.events = events;
        this.probationEvents = probationEvents;
        this.deadline = Deadline.in(timeout, control, this::timedOut);
    }

    /** What the process that we start has to show; not known to any other. */
    Token ticket() {
        return ticket;
    }

    /** The process that this upgrade started: ended, unless it serves in the end. */
    void started(SuccessorProcess started) {
        process = started;
        successorPid = started.pid();
        started.onExit(status -> control.execute(() -> exited(status)));
    }

    private void exited(String how) {
        Probation begun = probation;
        if (begun == null) {
            fail("successor pid " + successorPid + " " + how + " before it was ready");
        } else {
            begun.exited(how);
        }
    }

    /** As the kernel tells it; 0 while it is not known. */
    long successorPid() {
        return successorPid;
    }

    /** What follows when the successor serves. */
    @Nullable
    Probation probation() {
        return probation;
    }

    /** The successor has connected. */
    void connected(Channel channel, long pid) {
        stage = Stage.ATTACHING;
        successorPid = pid;
        OutgoingTransfer begun = new OutgoingTransfer(control, channel, "successor pid " + pid, null, new Transfer());
        transfer = begun;
        long elapsed = System.nanoTime() - startedNanos;
        begun.welcome(generation, Math.max(1, TimeUnit.NANOSECONDS.toMillis(timeout.toNanos() - elapsed)));
    }

    /** Whether a descriptor connection that shows this token belongs here. */
    boolean awaits(Token token) {
        return stage == Stage.ATTACHING && transfer != null && transfer.awaits(token);
    }

    /** The descriptor connection is there: everything is sent. */
    void attached(Channel lane) {
        OutgoingTransfer begun = transfer;
        if (begun == null) {
            throw new IllegalStateException("a descriptor connection before the byte connection");
        }
        stage = Stage.TRANSFERRING;
        events.contents().whenComplete((contents, failure) -> {
            if (failure != null) {
                fail(Reasons.of(failure));
            } else if (stage == Stage.TRANSFERRING) {
                begun.attached(lane, contents);
            } else {
                lane.close();
            }
        });
    }

    /** This process has opened something more. */
    void opened(List<DescriptorSender.Item> items) {
        boolean inTime = stage == Stage.TRANSFERRING || stage == Stage.AWAITING_READY;
        if (inTime && transfer != null && !items.isEmpty()) {
            transfer.add(items);
        }
    }

    private void handOver(OutgoingTransfer begun) {
        stage = Stage.HANDING_OVER;
        events.successorReady();
        begun.send(new Message.Commit(probationTime.toMillis()));
    }

    private void serving(OutgoingTransfer begun, List<Integer> unclaimed) {
        List<DescriptorSender.Item> abandoned = new ArrayList<>();
        for (int index : unclaimed) {
            if (index >= begun.items().size()) {
                fail("successor pid " + successorPid + " does not claim descriptor " + index
                        + ", which it has not got");
                return;
            }
            abandoned.add(begun.items().get(index));
        }
        stage = Stage.SERVING;
        deadline.cancel();
        begun.close();
        Probation begins =
                new Probation(control, begun.connection(), successorPid, process, probationTime, probationEvents);
        probation = begins;
        events.successorServing(
                new Successor(successorPid, generation, Duration.ofNanos(System.nanoTime() - startedNanos)), abandoned);
        if (probationTime.isZero()) {
            begins.pass();
        }
    }

    private void timedOut() {
        String doing = switch (stage) {
            case WAITING -> "it has not connected";
            case ATTACHING, TRANSFERRING -> transfer == null ? "" : transfer.progress();
            case AWAITING_READY -> "it has everything, but its application has not said ready";
            default -> "it was told to go on, but does not serve";
        };
        fail("successor" + (successorPid == 0 ? "" : " pid " + successorPid) + " was not ready within "
                + timeout.toMillis() + " ms: " + doing);
    }

    /** Ends this upgrade, and the process that it started, unless the successor serves already. */
    void fail(String reason) {
        if (stage == Stage.FAILED || stage == Stage.SERVING) {
            return;
        }
        stage = Stage.FAILED;
        deadline.cancel();
        if (transfer != null) {
            transfer.abort(reason);
        }
        SuccessorProcess ours = process;
        if (ours == null) {
            events.failed(reason);
        } else {
            ours.end(control).whenComplete((ended, failure) -> control.execute(() -> events.failed(reason)));
        }
    }

    private final class Transfer implements OutgoingTransfer.Events {
        @Override
        public void sent() {
            OutgoingTransfer begun = transfer;
            if (stage == Stage.TRANSFERRING) {
                stage = Stage.AWAITING_READY;
                events.transferred();
            } else if (stage == Stage.AWAITING_READY && ready && begun != null) {
                handOver(begun);
            }
        }

        @Override
        public boolean said(Message message) {
            OutgoingTransfer begun = transfer;
            if (stage == Stage.AWAITING_READY && !ready && message instanceof Message.Ready && begun != null) {
                ready = true;
                if (begun.isComplete()) {
                    handOver(begun);
                }
                return true;
            }
            if (stage == Stage.HANDING_OVER && message instanceof Message.Serving serving && begun != null) {
                serving(begun, serving.unclaimed());
                return true;
            }
            Probation following = probation;
            return following != null && following.said(message);
        }

        @Override
        public void failed(String reason) {
            fail(reason);
        }

        /** If the process is ours, it is about to exit, and its status says more. */
        @Override
        public void hungUp() {
            Probation following = probation;
            if (following != null) {
                following.hungUp();
                return;
            }
            SuccessorProcess ours = process;
            String reason = "successor pid " + successorPid + " hung up before it was ready";
            if (ours == null) {
                fail(reason);
            } else {
                control.schedule(() -> fail(reason), Duration.ofMillis(SuccessorProcess.EXIT_MILLIS));
            }
        }
    }
}

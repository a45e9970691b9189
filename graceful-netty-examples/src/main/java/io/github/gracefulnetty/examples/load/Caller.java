// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import io.github.gracefulnetty.examples.load.Incident.Kind;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One client: sends a request, waits for its response, thinks, and so on until it is told to stop. It has at most one
 * connection and one request in flight, and repeats none. Confined to the event loop.
 */
final class Caller {

    private enum State {
        /** No connection; the timer opens the next. */
        APART,
        CONNECTING,
        /** Connected, no request in flight. */
        IDLE,
        AWAITING,
        /** Answered; the server, which was told so, closes the connection. */
        LINGERING,
        DONE
    }

    /** So that a server that refuses or loses everything is not flooded. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Profile profile;
    private final ByteBuf request;
    private final Engine engine;
    private final Recorder recorder;
    private final long thinkNanos;
    private State state = State.APART;
    private long sinceNanos;
    private boolean due;
    private long dueNanos;
    private @Nullable Connection connection;
    private @Nullable ScheduledFuture<?> timer;

    Caller(Profile profile, ByteBuf request, Engine engine, Recorder recorder) {
        this.profile = profile;
        this.request = request;
        this.engine = engine;
        this.recorder = recorder;
        this.thinkNanos = profile.thinkTime().toNanos();
    }

    /** When the client wanted to send the request that is in flight. */
    long dueNanos() {
        return dueNanos;
    }

    void start(long delayNanos) {
        wakeAfter(delayNanos);
    }

    private void wakeAfter(long nanos) {
        if (timer != null) {
            timer.cancel(false);
        }
        timer = engine.schedule(this::wake, nanos);
    }

    private void wake() {
        timer = null;
        if (state == State.DONE) {
            return;
        }
        becomeDue();
        if (state == State.APART) {
            connect();
        } else if (state == State.IDLE) {
            send();
        }
    }

    private void becomeDue() {
        if (!due) {
            due = true;
            dueNanos = System.nanoTime();
        }
    }

    private void connect() {
        enter(State.CONNECTING);
        Connection next = new Connection(this, recorder);
        connection = next; // before connecting, which may fail at once
        engine.connect(next);
    }

    private void send() {
        Connection current = connection;
        if (current == null || !current.isActive()) {
            return; // onEnd is on its way and sees to it
        }
        due = false;
        enter(State.AWAITING);
        recorder.sent();
        current.send(request.retainedDuplicate());
    }

    void onOpen() {
        enter(State.IDLE);
        if (engine.stopping()) {
            finish();
        } else if (due) {
            send();
        }
    }

    void onRefused(String cause) {
        connection = null;
        recorder.incident(Kind.REFUSED, profile, null, cause);
        recover();
    }

    void onAnswer(boolean closes) {
        if (engine.stopping()) {
            finish();
        } else if (!profile.keepAlive()) {
            enter(State.LINGERING);
        } else if (closes) {
            recorder.incident(Kind.RECONNECT, profile, connection, "the server said Connection: close");
            letGo();
            connect();
            think();
        } else {
            enter(State.IDLE);
            think();
        }
    }

    private void think() {
        if (thinkNanos > 0) {
            wakeAfter(thinkNanos);
            return;
        }
        becomeDue();
        if (state == State.IDLE) {
            send();
        } else if (state == State.APART) {
            connect();
        }
    }

    void onLost(String cause) {
        recorder.incident(Kind.LOST, profile, connection, cause);
        recover();
    }

    void onUnsolicited(String cause) {
        recorder.incident(Kind.UNSOLICITED, profile, connection, cause);
        recover();
    }

    void onEnd(String cause) {
        if (state == State.AWAITING) {
            onLost(cause);
        } else if (state == State.LINGERING) {
            letGo();
            think();
        } else if (!profile.keepAlive()) {
            recorder.incident(Kind.REFUSED, profile, connection, cause + " before the request was written");
            recover();
        } else {
            boolean used = connection != null && connection.requests() > 0;
            recorder.incident(Kind.RECONNECT, profile, connection, cause);
            letGo();
            if (used) {
                connect();
            } else {
                recover();
            }
        }
    }

    private void recover() {
        letGo();
        if (engine.stopping()) {
            finish();
        } else {
            wakeAfter(Math.max(PAUSE_NANOS, due ? 0 : thinkNanos));
        }
    }

    /** Called now and then to see whether the server takes too long. */
    void check(long nowNanos, long limitNanos) {
        if (state == State.AWAITING && nowNanos - sinceNanos > limitNanos) {
            recorder.incident(
                    Kind.STUCK,
                    profile,
                    connection,
                    "no response within " + TimeUnit.NANOSECONDS.toMillis(limitNanos) + " ms");
            recover();
        } else if (state == State.LINGERING && nowNanos - sinceNanos > LINGER_NANOS) {
            letGo();
            think();
        }
    }

    /** Ends at once, unless a request is in flight or a connection is being opened: then after that. */
    void stop() {
        if (state != State.AWAITING && state != State.CONNECTING) {
            finish();
        }
    }

    private void finish() {
        if (state == State.DONE) {
            return;
        }
        letGo();
        enter(State.DONE);
        if (timer != null) {
            timer.cancel(false);
        }
        engine.done();
    }

    private void letGo() {
        if (connection != null) {
            connection.close();
            connection = null;
        }
        enter(State.APART);
    }

    private void enter(State next) {
        state = next;
        sinceNanos = System.nanoTime();
    }
}

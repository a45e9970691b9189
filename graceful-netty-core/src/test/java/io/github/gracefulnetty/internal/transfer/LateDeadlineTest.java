// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A deadline on a loop that is late, without waiting for it. */
class LateDeadlineTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Duration ONE_PASS = Duration.ofMillis(1);
    private static final Duration TIME_TO_READ = Duration.ofSeconds(1);

    private final Deque<Runnable> scheduled = new ArrayDeque<>();
    private final List<Duration> delays = new ArrayList<>();
    private final List<String> events = new ArrayList<>();
    private long nanos;

    /** Schedules, and nothing else. */
    private final ControlLoop control = ControlLoop.on((EventLoop) Proxy.newProxyInstance(
            EventLoop.class.getClassLoader(), new Class<?>[] {EventLoop.class}, (proxy, method, arguments) -> {
                assertThat(method.getName()).isEqualTo("schedule");
                Runnable task = (Runnable) arguments[0];
                scheduled.add(task);
                delays.add(Duration.ofNanos(((TimeUnit) arguments[2]).toNanos((long) arguments[1])));
                return Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {ScheduledFuture.class},
                        (future, asked, values) -> scheduled.remove(task));
            }));

    /** Comes to the next task so much later than it should. */
    private void pass(Duration late) {
        nanos += delays.get(delays.size() - 1).plus(late).toNanos();
        scheduled.remove().run();
    }

    private Deadline deadline() {
        Deadline deadline = new Deadline(control, () -> events.add("over")) {
            @Override
            long nanoTime() {
                return nanos;
            }
        };
        deadline.schedule(LIMIT);
        return deadline;
    }

    @Test
    void shouldReadOnceMoreWhenItIsDue() {
        deadline();
        pass(Duration.ZERO);
        assertThat(events).isEmpty();
        pass(Duration.ZERO);
        assertThat(events).containsExactly("over");
        assertThat(delays).containsExactly(LIMIT, ONE_PASS);
    }

    @Test
    void shouldGiveTimeToReadAfterALongPause() {
        deadline();
        pass(Duration.ofHours(1));
        pass(Duration.ZERO);
        pass(Duration.ZERO);
        assertThat(events).containsExactly("over");
        assertThat(delays).containsExactly(LIMIT, TIME_TO_READ, ONE_PASS);
    }

    @Test
    void shouldComeOnALoopThatIsAlwaysLate() {
        deadline();
        for (int i = 0; i < 4 && events.isEmpty(); i++) {
            pass(Duration.ofMillis(101));
        }
        assertThat(events).containsExactly("over");
        assertThat(delays).containsExactly(LIMIT, TIME_TO_READ, TIME_TO_READ, ONE_PASS);
    }

    @Test
    void shouldNotComeOnceItIsCancelled() {
        Deadline deadline = deadline();
        pass(Duration.ofHours(1));
        deadline.cancel();
        assertThat(scheduled).isEmpty();
        assertThat(events).isEmpty();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.connections;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final int MOST = 64;
    private static final long MILLI = 1_000_000;

    private final Pace pace = new Pace(MOST);

    private void answers(int count, long nanos) {
        for (int i = 0; i < count; i++) {
            pace.answered(nanos);
        }
    }

    @Test
    void shouldBeginWithOneAndGrowByOneForEachThatIsAnswered() {
        assertThat(pace.allows(0)).isTrue();
        assertThat(pace.allows(1)).isFalse();
        answers(1, MILLI);
        assertThat(pace.window()).isEqualTo(2);
        answers(2, MILLI);
        assertThat(pace.window()).isEqualTo(4);
        answers(1_000, MILLI);
        assertThat(pace.window()).isEqualTo(MOST);
        assertThat(pace.allows(MOST - 1)).isTrue();
        assertThat(pace.allows(MOST)).isFalse();
    }

    @Test
    void shouldGoBackWhenAnswersAreLateAndGrowAgain() {
        answers(40, MILLI);
        answers(1, 100 * MILLI);
        assertThat(pace.window()).isEqualTo(20);
        answers(20, 100 * MILLI);
        assertThat(pace.window()).isEqualTo(1);
        answers(1, MILLI);
        assertThat(pace.window()).isEqualTo(2);
    }

    /** The first one is slow, in a JVM that has just started: it is no measure for what is late. */
    @Test
    void shouldNotTakeASlowFirstAnswerForALateOne() {
        answers(1, 200 * MILLI);
        assertThat(pace.window()).isEqualTo(2);
        answers(1, 2 * MILLI);
        assertThat(pace.window()).isEqualTo(3);
        answers(1, 12 * MILLI);
        assertThat(pace.window()).as("as long as others are served between").isEqualTo(4);
    }

    @Test
    void shouldMeasureFromWhenItWasSent() {
        AtomicLong now = new AtomicLong(-5);
        Pace measured = new Pace(MOST, now::get);
        measured.sent(0);
        now.addAndGet(MILLI);
        assertThat(measured.sinceSent(0)).isEqualTo(MILLI);
        measured.answered(0);
        assertThat(measured.window()).isEqualTo(2);
        measured.sent(1);
        measured.sent(MOST + 2);
        now.addAndGet(100 * MILLI);
        measured.answered(1);
        assertThat(measured.window()).isEqualTo(1);
        assertThat(measured.sinceSent(MOST + 2)).isEqualTo(100 * MILLI);
    }
}

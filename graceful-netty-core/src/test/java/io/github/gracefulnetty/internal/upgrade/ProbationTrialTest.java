// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.wire.Message;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProbationTrialTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    private final ControlLoop control = new ControlLoop(null);
    private final List<Object> events = new CopyOnWriteArrayList<>();
    private final ProbationTrial trial = new ProbationTrial(control, LONG, new ProbationTrial.Owner() {
        @Override
        public void say(Message message) {
            events.add(message);
        }

        @Override
        public void look() {}

        @Override
        public void checked() {
            events.add("well");
        }

        @Override
        public void sick(String reason) {
            events.add(reason);
        }
    });

    ProbationTrialTest() throws IOException {}

    @AfterEach
    void end() {
        control.execute(() -> {
            trial.end();
            control.shutDown();
        });
    }

    /** What an application throws may fail itself. */
    private static final class Unspeakable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("as the test wants");
        }
    }

    @Test
    void shouldBeSickThoughItCannotSayWhy() {
        control.execute(() -> trial.begin(() -> CompletableFuture.failedFuture(new Unspeakable()), LONG));
        await().until(() -> events.contains("its own check says: " + Unspeakable.class.getName()));
        assertThat(events).doesNotContain("well").startsWith(new Message.Alive(true));
    }

    @Test
    void shouldBeWellWhenItsCheckSaysSo() {
        control.execute(() -> trial.begin(() -> CompletableFuture.completedFuture(null), LONG));
        await().until(() -> events.contains("well"));
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PatienceTest {
    @TempDir
    Path directory;

    static Stream<Arguments> durations() {
        Duration forever = Duration.ofSeconds(Long.MAX_VALUE);
        return Stream.of(
                Arguments.of(forever, "patience must be at most 365 days, not " + forever),
                Arguments.of(
                        Duration.ofDays(365).plusNanos(1),
                        "patience must be at most 365 days, not PT8760H0.000000001S"),
                Arguments.of(Duration.ZERO, "patience must be more than 0, not PT0S"));
    }

    @ParameterizedTest
    @MethodSource("durations")
    void shouldHaveAnEndAndABeginning(Duration patience, String message) {
        Path path = directory.resolve("handoff.sock");
        Offerer nothing = Offerer.of();
        shouldFail(() -> Receiver.from(path).patience(patience), message);
        shouldFail(() -> Sender.send(new EmbeddedChannel(), nothing, patience), message);
        shouldFail(() -> DescriptorServer.listen(path, nothing, patience).close(), message);
    }

    private static void shouldFail(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }
}

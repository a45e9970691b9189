// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.ChannelException;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Errors.NativeIoException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeCallsTest {
    private static final String OF_PROCESS = "this process may have no more descriptors open, see ulimit -n";
    private static final String OF_SYSTEM = "this system may have no more files open, see fs.file-max";

    /** Without its library, Netty has no words for what fails. */
    @BeforeAll
    static void loadNatives() {
        Epoll.ensureAvailability();
    }

    private static Object failing(Throwable failure) throws IOException {
        return NativeCalls.call(() -> {
            if (failure instanceof Error error) {
                throw error;
            }
            if (failure instanceof IOException checked) {
                throw checked;
            }
            throw (RuntimeException) failure;
        });
    }

    @Test
    void shouldReturnWhatTheCallReturns() throws IOException {
        assertThat(NativeCalls.call(() -> "made")).isEqualTo("made");
        assertThat(NativeCalls.unchecked(() -> "made")).isEqualTo("made");
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldFailWhereCausesAreARing() {
        Throwable one = new ChannelException("one");
        Throwable other = new IllegalStateException("other", one);
        one.initCause(other);
        assertThatThrownBy(() -> failing(one))
                .isInstanceOf(IOException.class)
                .cause()
                .isSameAs(one);
        assertThat(NativeCalls.shortage(one)).isEmpty();
        assertThat(NativeCalls.causes(one)).startsWith(one, other, one).hasSize(32);
    }

    @Test
    void shouldFailAsIOExceptionThoughItCannotBeTold() {
        ChannelException unspeakable = new ChannelException() {
            private static final long serialVersionUID = 1L;

            @Override
            public String getMessage() {
                throw new IllegalStateException("as the test wants");
            }
        };
        assertThatThrownBy(() -> failing(unspeakable))
                .isInstanceOf(IOException.class)
                .hasMessage(unspeakable.getClass().getName());
    }

    /** The way Netty says it when there is no descriptor for a socket, and for an event loop. */
    @Test
    void shouldSayWhatToDoWhenTheProcessHasNoDescriptorLeft() {
        NativeIoException full = new NativeIoException("newSocketDomain", -24);

        assertThatThrownBy(() -> failing(new ChannelException(full)))
                .isInstanceOf(IOException.class)
                .hasMessage(full.getMessage() + ": " + OF_PROCESS)
                .hasRootCause(full);
        assertThatThrownBy(
                        () -> failing(new IllegalStateException("failed to create a child event loop", wrapped(full))))
                .isInstanceOf(IOException.class)
                .hasMessage(full.getMessage() + ": " + OF_PROCESS);
    }

    private static ChannelException wrapped(IOException cause) {
        return new ChannelException(cause);
    }

    @Test
    void shouldTellALimitOfTheSystemFromOneOfTheProcess() {
        assertThatThrownBy(() -> failing(wrapped(new NativeIoException("accept", -23))))
                .hasMessageEndingWith(OF_SYSTEM);
    }

    @Test
    void shouldSayNothingOfDescriptorsWhenItIsSomethingElse() {
        NativeIoException other = new NativeIoException("getsockopt", -9);

        assertThatThrownBy(() -> failing(wrapped(other)))
                .isInstanceOf(IOException.class)
                .hasMessage(other.getMessage());
    }

    @Test
    void shouldFailLikeAnythingElseWhenAClassCannotBeLoaded() {
        assertThatThrownBy(() -> failing(new NoClassDefFoundError("io/netty/channel/epoll/Native")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("io/netty/channel/epoll/Native")
                .hasCauseInstanceOf(NoClassDefFoundError.class);
    }

    @Test
    void shouldLetPassWhatIsNoFailureOfTheNatives() {
        IOException checked = new IOException("checked");
        assertThatThrownBy(() -> failing(checked)).isSameAs(checked);
        UnsupportedOperationException unsupported = new UnsupportedOperationException("no such kind");
        assertThatThrownBy(() -> failing(unsupported)).isSameAs(unsupported);
        OutOfMemoryError memory = new OutOfMemoryError();
        assertThatThrownBy(() -> failing(memory)).isSameAs(memory);
    }

    @Test
    void shouldTakeTheFailureOutOfWhatWrapsIt() {
        IOException checked = new IOException("checked");

        assertThatThrownBy(() -> failing(new UncheckedIOException("wrapped", checked)))
                .isSameAs(checked);
        assertThatThrownBy(() -> NativeCalls.unchecked(() -> failing(checked)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("checked")
                .hasCause(checked);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/tmp/x: Too many open files", "Cannot run program \"java\": error=24, Trop de fichiers ouverts"
            })
    void shouldKnowTheFailuresOfTheJdk(String message) {
        assertThat(NativeCalls.shortage(new FileSystemException("/tmp/x", null, message)))
                .isEqualTo(OF_PROCESS);
        assertThat(NativeCalls.shortage(new IllegalStateException(new IOException(message))))
                .isEqualTo(OF_PROCESS);
    }

    @Test
    void shouldSayItOnce() {
        assertThatThrownBy(() -> failing(new ChannelException(new NativeIoException("socket", -24))))
                .satisfies(failure -> assertThat(NativeCalls.shortage(new IOException("it failed", failure)))
                        .isEmpty());
        assertThat(NativeCalls.shortage(new IOException("somebody has hung up")))
                .isEmpty();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.netty.handler.codec.DecoderException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ReasonsTest {
    /** Cannot be loaded. */
    private static final class Unusable {
        static final int NUMBER = number();

        private static int number() {
            throw new IllegalStateException("there is no such number");
        }
    }

    @Test
    void shouldTellTheMessageOfAnException() {
        assertThat(Reasons.of(new IOException("the disk is full"))).isEqualTo("the disk is full");
    }

    @Test
    void shouldTellTheClassOfWhatHasNoMessageOrIsAnError() {
        assertThat(Reasons.of(new IllegalStateException())).isEqualTo("java.lang.IllegalStateException");
        assertThat(Reasons.of(new AssertionError("never"))).isEqualTo("java.lang.AssertionError: never");
        assertThat(Reasons.of(new ClassNotFoundException("com.example.Gone")))
                .isEqualTo("java.lang.ClassNotFoundException: com.example.Gone");
    }

    @Test
    void shouldTellTheClassOfWhatOnlyNamesAFile() {
        assertThat(Reasons.of(new NoSuchFileException("/x"))).isEqualTo("java.nio.file.NoSuchFileException: /x");
        assertThat(Reasons.of(new NoSuchFileException("/x", null, "gone"))).isEqualTo("/x: gone");
    }

    @Test
    void shouldLookIntoWhatOnlyWraps() {
        Throwable wrapped = new CompletionException(new DecoderException(new FileNotFoundException("no such path")));
        assertThat(Reasons.of(wrapped)).isEqualTo("no such path");
    }

    @Test
    void shouldTellWhyAClassCouldNotBeLoaded() {
        Throwable first = catchThrowable(() -> assertThat(Unusable.NUMBER).isZero());
        assertThat(first).isInstanceOf(ExceptionInInitializerError.class);
        assertThat(Reasons.of(first)).isEqualTo("there is no such number");
        assertThat(Reasons.of(new CompletionException(first))).isEqualTo("there is no such number");
        Throwable later = catchThrowable(() -> assertThat(Unusable.NUMBER).isZero());
        assertThat(later).isInstanceOf(NoClassDefFoundError.class);
        assertThat(Reasons.of(later)).contains("there is no such number");
    }

    @Test
    void shouldTellWhichClassIsMissing() {
        Throwable missing = new NoClassDefFoundError("com/example/Gone");
        assertThat(Reasons.of(missing)).isEqualTo("java.lang.NoClassDefFoundError: com/example/Gone");
        missing.initCause(new ClassNotFoundException("com.example.Gone"));
        assertThat(Reasons.of(missing)).isEqualTo("java.lang.ClassNotFoundException: com.example.Gone");
    }

    /** Two that are each other's cause. */
    private static Throwable ring(Throwable one, Throwable other) {
        one.initCause(other);
        other.initCause(one);
        return one;
    }

    private static final class Wrapper extends CompletionException {
        private static final long serialVersionUID = 1L;

        Wrapper(String message) {
            super(message);
        }
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldComeToAnEndWhereCausesAreARing() {
        Throwable plain = ring(new IllegalStateException("one"), new IllegalStateException("other"));
        assertThat(Reasons.of(plain)).isEqualTo("one");
        assertThat(Reasons.root(plain)).isIn("one", "other");
        assertThat(Reasons.unwrap(plain)).isSameAs(plain);
        Throwable wrappers = ring(new Wrapper("one"), new Wrapper("other"));
        assertThat(Reasons.of(wrappers)).isIn("one", "other");
        assertThat(Reasons.unwrap(wrappers)).isInstanceOf(Wrapper.class);
        Throwable classes = ring(new NoClassDefFoundError("One"), new NoClassDefFoundError("Other"));
        assertThat(Reasons.of(classes)).startsWith("java.lang.NoClassDefFoundError: O");
    }

    /** What an application throws may fail itself. */
    private static final class Unspeakable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("as the test wants");
        }

        @Override
        public synchronized Throwable getCause() {
            throw new IllegalStateException("as the test wants");
        }
    }

    @Test
    void shouldTellTheClassOfWhatCannotBeTold() {
        String name = Unspeakable.class.getName();
        Throwable unspeakable = new Unspeakable();
        assertThat(Reasons.of(unspeakable)).isEqualTo(name);
        assertThat(Reasons.root(unspeakable)).isEqualTo(name);
        assertThat(Reasons.unwrap(unspeakable)).isSameAs(unspeakable);
        assertThat(Reasons.of(new CompletionException("in vain", unspeakable))).isEqualTo(name);
        assertThat(Reasons.of(new IOException("the disk is full", unspeakable))).isEqualTo("the disk is full");
    }

    /** Who asks whether it was the connection must not be told of what a class has met while it was loaded. */
    @Test
    void shouldNotTakeAClassThatFailedForWhatMadeItFail() {
        Throwable failure = new ExceptionInInitializerError(new IOException("no such file"));
        assertThat(Reasons.unwrap(failure)).isSameAs(failure);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.epoll.EpollTransport;
import io.github.gracefulnetty.internal.process.SocketPair;
import io.github.gracefulnetty.internal.transfer.ControlLoop;
import io.github.gracefulnetty.internal.transfer.Deadline;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.unix.Socket;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DescriptorGate.class)
class DeadlineTest {
    private static final Duration LIMIT = Duration.ofMillis(20);

    private final EpollTransport transport = new EpollTransport();
    private final ControlLoop control;
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    DeadlineTest() throws IOException {
        control = new ControlLoop(transport);
    }

    /** What a timer waits for is in the socket, but the loop was held up by what came before. */
    @Test
    @Timeout(60)
    void shouldReadWhatHasArrivedBeforeItFindsSilence() throws Exception {
        SocketPair pair = SocketPair.open();
        Channel channel =
                transport.adopt(DescriptorKind.UNIX_CONNECTION, pair.near().intValue());
        channel.pipeline().addLast(new Listener(pair.far()));
        control.execute(() -> control.register(channel));
        write(pair.far());
        done.get();
        assertThat(events).containsExactly("heard", "heard again");
        pair.far().close();
        control.execute(control::shutDown);
    }

    private static void write(Socket socket) {
        ByteBuffer one = ByteBuffer.allocateDirect(1);
        try {
            socket.write(one, 0, 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private final class Listener extends ChannelInboundHandlerAdapter {
        private final Socket other;

        Listener(Socket other) {
            this.other = other;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            if (events.isEmpty()) {
                events.add("heard");
                Deadline silence = Deadline.in(LIMIT, control, () -> events.add("silence"));
                context.pipeline().addLast(new Next(silence));
                write(other);
                long until = System.nanoTime() + 2 * LIMIT.toNanos();
                while (System.nanoTime() < until) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
                }
            } else {
                context.fireChannelRead(message);
            }
        }
    }

    private final class Next extends ChannelInboundHandlerAdapter {
        private final Deadline silence;

        Next(Deadline silence) {
            this.silence = silence;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            events.add("heard again");
            silence.cancel();
            Deadline.in(LIMIT, control, () -> done.complete(null));
        }
    }
}

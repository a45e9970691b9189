// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.Site.Client;
import io.github.gracefulnetty.connection.ConnectionEnds;
import io.github.gracefulnetty.connection.ConnectionMoved;
import io.github.gracefulnetty.connection.Migratable;
import io.github.gracefulnetty.internal.connections.Ledger;
import io.github.gracefulnetty.internal.connections.Migration;
import io.github.gracefulnetty.internal.connections.Mover;
import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.wire.Message;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.unix.Socket;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A connection has one owner, whatever the successor does with it. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class LaneTest {
    private final Queue<Channel> stays = new ConcurrentLinkedQueue<>();
    private final Queue<String> events = new ConcurrentLinkedQueue<>();
    private volatile Runnable changed = () -> {};
    private Site site;
    private Client client;
    private Mover mover;
    private Ledger ledger;
    private LanePeer peer;

    @BeforeEach
    void offerOneConnection() throws Exception {
        site = new Site(Graceful.builder().drainTimeout(Duration.ofSeconds(1)));
        Channel listener = site.bind(
                new InetSocketAddress("127.0.0.1", 0),
                () -> List.of(
                        new LineBasedFrameDecoder(99),
                        new StringDecoder(US_ASCII),
                        new StringEncoder(US_ASCII),
                        new Echo(events)));
        site.ready();
        client = new Client(listener);
        assertThat(client.send("a\n").line()).isEqualTo("1 a");
        Migration migration = site.graceful.runtime().parts().migration();
        List<DescriptorSender.Item> ends = migration.offer();
        assertThat(ends).hasSize(2);
        peer = new LanePeer(ends);
        mover = Objects.requireNonNull(migration.mover(), "mover");
        ledger = site.graceful.runtime().parts().connections().count();
        mover.begin(stays::add, () -> changed.run());
        for (Channel connection : site.graceful.runtime().parts().connections().open()) {
            assertThat(connection
                            .eventLoop()
                            .submit(() -> mover.take(connection))
                            .get())
                    .isTrue();
        }
    }

    @AfterEach
    void close() throws Exception {
        mover.end();
        peer.close();
        client.close();
        site.close();
    }

    private List<Channel> busy() {
        return site.graceful.runtime().parts().connections().open().stream()
                .filter(connection -> connection.pipeline().toMap().values().stream()
                        .anyMatch(handler -> handler.getClass().getSimpleName().equals("Waiting")))
                .toList();
    }

    private void shouldBeServedHere() throws Exception {
        await().until(() -> mover.onTheWay() == 0);
        assertThat(ledger.ends()).isEmpty();
        assertThat(client.send("b\n").line()).isEqualTo("2 b");
    }

    @Test
    void shouldBeTheSuccessorsOnceItIsReleased() throws Exception {
        peer.hello();
        Socket connection = peer.receive();
        assertThat(peer.hear(Message.Descriptor.class).index()).isZero();
        assertThat(ledger.ends()).isEmpty();
        assertThat(mover.onTheWay()).isEqualTo(1);
        peer.say(new Message.Received(1), new Message.Taken(List.of(0)));
        assertThat(peer.hear(Message.Released.class).connections()).containsExactly(0);
        await().until(() -> mover.onTheWay() == 0);
        assertThat(ledger.ends()).isEqualTo(Map.of("other", new ConnectionEnds(1, 0, 0, 0, 0)));
        byte[] word = "mine\n".getBytes(US_ASCII);
        connection.write(ByteBuffer.allocateDirect(word.length).put(word), 0, word.length);
        assertThat(client.line()).isEqualTo("mine");
        connection.close();
        assertThat(client.isAtEnd()).as("no other copy is left").isTrue();
        await().until(() -> events.size() == 2);
        assertThat(events).containsExactly("moved", "inactive");
    }

    @Test
    void shouldBeReleasedBeforeAnybodyHearsThatItHasMoved() throws Exception {
        peer.hello();
        peer.receive().close();
        CompletableFuture<Message.Released> released = new CompletableFuture<>();
        // On the lane's event loop, which might be shut down right then.
        changed = () -> {
            try {
                released.complete(peer.hear(Message.Released.class));
            } catch (RuntimeException e) {
                released.completeExceptionally(e);
            }
        };
        peer.say(new Message.Received(1), new Message.Taken(List.of(0)));
        assertThat(released.get(30, TimeUnit.SECONDS).connections()).containsExactly(0);
    }

    @Test
    void shouldStayIfTheSuccessorRefusesIt() throws Exception {
        peer.hello();
        peer.receive().close();
        peer.say(new Message.Received(1), new Message.Refused(0, "not mine"));
        shouldBeServedHere();
    }

    @Test
    void shouldStayIfTheSuccessorDiesBeforeItHasTakenIt() throws Exception {
        peer.hello();
        peer.receive().close();
        peer.say(new Message.Received(1));
        peer.close();
        shouldBeServedHere();
    }

    @Test
    void shouldStayIfTheSuccessorDiesBeforeItHasReadIt() throws Exception {
        peer.hello();
        peer.hear(Message.Descriptor.class);
        peer.close();
        shouldBeServedHere();
    }

    @Test
    void shouldStayIfTheSuccessorDiesBeforeItsFirstWord() throws Exception {
        peer.close();
        await().until(() -> !stays.isEmpty());
        shouldBeServedHere();
    }

    @Test
    void shouldBeToldThatItStaysIfItsTurnNeverCame() throws Exception {
        peer.close();
        await().until(() -> stays.size() == 1);
        assertThat(busy()).isEmpty();
        shouldBeServedHere();
    }

    @Test
    void shouldBeLookedAtOnlyWhileItIsBusyAndMoveThen() throws Exception {
        assertThat(busy()).isEmpty();
        readHalfALine();
        peer.hello();
        await().until(() -> busy().size() == 1);
        client.send("\n");
        peer.receive().close();
        await().until(() -> busy().isEmpty());
        assertThat(stays).isEmpty();
    }

    @Test
    void shouldBeToldThatItStaysIfItIsBusyWhenTheLaneEnds() throws Exception {
        readHalfALine();
        peer.hello();
        await().until(() -> busy().size() == 1);
        peer.close();
        await().until(() -> stays.size() == 1);
        assertThat(busy()).isEmpty();
        assertThat(client.send("\n").line()).isEqualTo("2 b");
    }

    @Test
    void shouldBeTheLaterUpgradesIfTheEarlierOneLearnsLateThatItHasFailed() throws Exception {
        Migration migration = site.graceful.runtime().parts().migration();
        try (LanePeer later = new LanePeer(migration.offer())) {
            Mover other = Objects.requireNonNull(migration.mover(), "mover");
            other.begin(stays::add, () -> {});
            Channel connection =
                    site.graceful.runtime().parts().connections().open().get(0);
            assertThat(connection
                            .eventLoop()
                            .submit(() -> other.take(connection))
                            .get())
                    .isTrue();
            mover.cancel();
            peer.hearEnd();
            later.hello();
            later.receive().close();
            other.end();
        }
        assertThat(stays).isEmpty();
    }

    private void readHalfALine() throws Exception {
        Channel connection =
                site.graceful.runtime().parts().connections().open().get(0);
        CountDownLatch read = new CountDownLatch(1);
        ChannelHandler observer = new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                context.fireChannelRead(message);
                context.pipeline().remove(this);
                read.countDown();
            }
        };
        // From another thread, its first read could come before it is there.
        connection
                .eventLoop()
                .submit(() -> connection.pipeline().addFirst(observer))
                .get();
        client.send("b");
        assertThat(read.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void shouldStayIfTheSuccessorGivesUp() throws Exception {
        peer.hello();
        peer.receive().close();
        peer.say(new Message.Abort("out of luck"));
        peer.hearEnd();
        shouldBeServedHere();
    }

    @Test
    void shouldStayIfTheSuccessorTakesWhatIsNotThere() throws Exception {
        peer.hello();
        peer.receive().close();
        peer.say(new Message.Taken(List.of(7)));
        assertThat(peer.hear(Message.Abort.class).reason()).contains("connection 7");
        shouldBeServedHere();
    }

    @Test
    void shouldStayIfTheSuccessorSpeaksNonsense() throws Exception {
        peer.hello();
        peer.receive().close();
        peer.say(new Message.Commit(1));
        assertThat(peer.hear(Message.Abort.class).reason()).contains("Commit");
        shouldBeServedHere();
    }

    @Test
    void shouldStayIfThePredecessorServesAgain() throws Exception {
        peer.hello();
        peer.receive().close();
        mover.cancel();
        peer.hear(Message.Abort.class);
        shouldBeServedHere();
        assertThat(stays).as("told to end").isEmpty();
    }

    @Test
    void shouldLeaveNoSocketsOpenIfThePredecessorServesAgainAtOnce() throws Exception {
        Migration migration = site.graceful.runtime().parts().migration();
        assertThat(migration.offer()).isNotEmpty();
        Mover other = Objects.requireNonNull(migration.mover(), "mover");
        other.cancel();
        other.begin(stays::add, () -> {});
        shouldBeServedHere(); // and DescriptorGate counts
    }

    /** Numbers the lines, and echoes them. */
    static final class Echo extends SimpleChannelInboundHandler<String> implements Migratable {
        private final Queue<String> events;
        private byte lines;

        Echo(Queue<String> events) {
            this.events = events;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, String line) {
            context.writeAndFlush(++lines + " " + line + "\n");
        }

        @Override
        public byte[] state(ChannelHandlerContext context) {
            return new byte[] {lines};
        }

        @Override
        public void restore(ChannelHandlerContext context, byte[] state) {
            lines = state[0];
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == ConnectionMoved.INSTANCE) {
                events.add("moved");
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            events.add("inactive");
        }
    }
}

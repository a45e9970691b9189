// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.Site.Client;
import io.github.gracefulnetty.internal.connections.Migration;
import io.github.gracefulnetty.internal.connections.Mover;
import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.internal.process.SocketPair;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.channel.Channel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What a predecessor can send on a lane: what it says that it is, or something else. Nothing is left open. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class IncomingLaneTest {
    @TempDir
    Path directory;

    private Site site;
    private Channel listener;
    private Migration migration;
    private Client client;
    private Socket connection;
    private Message.Descriptor announcement;
    private LanePeer predecessor;
    private int sent;

    /** A connection that has left, and may come back on a lane. */
    @BeforeEach
    void letOneConnectionLeave() throws Exception {
        site = new Site(Graceful.builder());
        listener = site.bind(
                new InetSocketAddress("127.0.0.1", 0),
                () -> List.of(
                        new LineBasedFrameDecoder(99),
                        new StringDecoder(US_ASCII),
                        new StringEncoder(US_ASCII),
                        new LaneTest.Echo(new ConcurrentLinkedQueue<>())));
        site.ready();
        client = new Client(listener);
        assertThat(client.send("a\n").line()).isEqualTo("1 a");
        migration = site.graceful.runtime().parts().migration();
        try (LanePeer successor = new LanePeer(onControl(migration::offer))) {
            Mover mover = Objects.requireNonNull(onControl(migration::mover), "mover");
            mover.begin(staying -> {}, () -> {});
            Channel one = onlyConnection();
            assertThat(one.eventLoop().submit(() -> mover.take(one)).get()).isTrue();
            successor.hello();
            connection = successor.receive();
            announcement = successor.hear(Message.Descriptor.class);
            successor.say(new Message.Received(1), new Message.Taken(List.of(0)));
            successor.hear(Message.Released.class);
            mover.end();
            successor.hear(Message.End.class);
        }
        predecessor = lane();
    }

    @AfterEach
    void close() throws Exception {
        connection.close();
        predecessor.close();
        client.close();
        site.close();
    }

    /** The predecessor's end of one that leads here. */
    private LanePeer lane() throws Exception {
        SocketPair bytes = SocketPair.open();
        SocketPair descriptors = SocketPair.open();
        List<Inherited> ends = List.of(
                end(bytes.far(), "graceful-netty/lane/0/bytes"),
                end(descriptors.far(), "graceful-netty/lane/0/descriptors"));
        onControl(() -> {
            assertThat(migration.inherit(ends)).isEmpty();
            migration.begin(ProcessHandle.current().pid());
            return true;
        });
        return new LanePeer(bytes.near(), descriptors.near()).welcome();
    }

    private static Inherited end(Socket socket, String name) {
        Description description =
                new Description(DescriptorKind.UNIX_CONNECTION, StandardProtocolFamily.UNIX, name, null, null, null);
        return new Inherited(-1, description, Bytes.NONE, new OwnedDescriptor(socket));
    }

    private <T> T onControl(Callable<T> action) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        site.graceful.runtime().parts().control().execute(() -> {
            try {
                result.complete(action.call());
            } catch (Exception | AssertionError e) {
                result.completeExceptionally(e);
            }
        });
        return result.get(30, TimeUnit.SECONDS);
    }

    private Channel onlyConnection() {
        List<Channel> open = site.graceful.runtime().parts().connections().open();
        assertThat(open).hasSize(1);
        return open.get(0);
    }

    /** The announcement of the connection, with this descriptor. */
    private void send(FileDescriptor descriptor) throws Exception {
        predecessor.send(
                new Message.Descriptor(sent++, announcement.description(), announcement.metadata()), descriptor);
    }

    private void shouldRefuse(FileDescriptor descriptor, String... reasons) throws Exception {
        int number = sent;
        send(descriptor);
        Message.Refused refused = predecessor.hear(Message.Refused.class);
        assertThat(refused.connection()).isEqualTo(number);
        assertThat(refused.reason()).containsAnyOf(reasons);
        assertThat(site.graceful.runtime().parts().connections().open()).isEmpty();
    }

    private void shouldTakeTheTrueOne() throws Exception {
        int number = sent;
        send(connection);
        connection.close();
        assertThat(predecessor.hear(Message.Taken.class).connections()).containsExactly(number);
        predecessor.say(new Message.Released(List.of(number)));
        assertThat(client.send("b\n").line()).isEqualTo("2 b");
    }

    @Test
    void shouldTakeWhatIsWhatWasAnnounced() throws Exception {
        shouldTakeTheTrueOne();
    }

    @Test
    void shouldSayThatItIsHereTogetherWithWhatBecameOfIt() throws Exception {
        send(connection);
        assertThat(predecessor.hear(Message.class)).isEqualTo(new Message.Received(1));
        assertThat(predecessor.hear(Message.class)).isEqualTo(new Message.Taken(List.of(0)));
    }

    @Test
    void shouldRefuseAListenerAndGoOn() throws Exception {
        shouldRefuse(
                Objects.requireNonNull(site.graceful
                        .runtime()
                        .parts()
                        .register()
                        .items()
                        .get(0)
                        .descriptor()),
                "but it is of another kind");
        shouldTakeTheTrueOne();
    }

    @Test
    void shouldRefuseAnotherConnectionOfTheSameListenerAndGoOn() throws Exception {
        try (Client other = new Client(listener)) {
            assertThat(other.send("c\n").line()).isEqualTo("1 c");
            Channel its = onlyConnection();
            Socket copy = LanePeer.copy(((UnixChannel) its).fd());
            its.close().sync();
            shouldRefuse(copy, "but it is connected to");
            copy.close();
            assertThat(other.isAtEnd()).as("no copy is left").isTrue();
        }
        shouldTakeTheTrueOne();
    }

    @Test
    void shouldRefuseAConnectionToAnotherListenerAndGoOn() throws Exception {
        Socket elsewhere = Socket.newSocketStream();
        Socket connected = Socket.newSocketStream();
        elsewhere.bind(new InetSocketAddress("127.0.0.1", 0));
        elsewhere.listen(1);
        connected.connect(elsewhere.localAddress());
        shouldRefuse(connected, "but it is bound to");
        connected.close();
        elsewhere.close();
        shouldTakeTheTrueOne();
    }

    @Test
    void shouldRefuseAUnixConnectionAndGoOn() throws Exception {
        SocketPair pair = SocketPair.open();
        shouldRefuse(pair.near(), "cannot be adopted", "but it is of another kind");
        pair.close();
        shouldTakeTheTrueOne();
    }

    @Test
    void shouldRefuseAFileAndGoOn() throws Exception {
        FileDescriptor file =
                FileDescriptor.from(Files.createFile(directory.resolve("file")).toFile());
        shouldRefuse(file, "cannot be adopted");
        file.close();
        shouldTakeTheTrueOne();
    }
}

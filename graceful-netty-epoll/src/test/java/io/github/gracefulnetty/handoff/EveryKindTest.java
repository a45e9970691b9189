// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Each kind of descriptor is offered, received, turned into what it is, and used. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
@SuppressWarnings("deprecation") // the groups that both Netty lines have
class EveryKindTest {
    @TempDir
    private Path directory;

    private Path path;
    private EventLoopGroup loops;

    @BeforeEach
    void open() {
        path = directory.resolve("handoff.sock");
        loops = new EpollEventLoopGroup(2);
    }

    @AfterEach
    void close() {
        loops.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    /** Says what it hears, with a word before. */
    private static final class Echo extends ChannelInboundHandlerAdapter {
        private final String word;

        Echo(String word) {
            this.word = word;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof DatagramPacket packet) {
                context.writeAndFlush(new DatagramPacket(reply(packet.content()), packet.sender()));
                packet.release();
            } else if (message instanceof DomainDatagramPacket packet) {
                context.writeAndFlush(new DomainDatagramPacket(reply(packet.content()), packet.sender()));
                packet.release();
            } else {
                ByteBuf bytes = (ByteBuf) message;
                context.writeAndFlush(reply(bytes));
                bytes.release();
            }
        }

        private ByteBuf reply(ByteBuf heard) {
            return Unpooled.copiedBuffer(word + heard.toString(US_ASCII), US_ASCII);
        }
    }

    private ServerBootstrap server(String word) {
        return new ServerBootstrap().group(loops).childHandler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new Echo(word));
            }
        });
    }

    private Bootstrap client(String word) {
        return new Bootstrap().group(loops).handler(new Echo(word));
    }

    private ReceivedDescriptor receiveOne(Offer offer) throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, Offerer.of(offer))) {
            assertThat(server.path()).isEqualTo(path);
            return Receiver.from(path).receiveOneBlocking();
        }
    }

    private static String ask(SocketChannel channel, String question) throws Exception {
        channel.write(ByteBuffer.wrap(question.getBytes(US_ASCII)));
        return read(channel);
    }

    private static String read(SocketChannel channel) throws Exception {
        ByteBuffer answer = ByteBuffer.allocate(100);
        assertThat(channel.read(answer)).isPositive();
        return new String(answer.array(), 0, answer.position(), US_ASCII);
    }

    @Test
    void shouldPassATcpListener() throws Exception {
        Channel listener = server("old ")
                .channel(EpollServerSocketChannel.class)
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        InetSocketAddress address = (InetSocketAddress) listener.localAddress();
        ReceivedDescriptor received = receiveOne(Offer.listener(listener).named("web"));
        assertThat(received.kind()).isEqualTo(DescriptorKind.TCP_LISTENER);
        assertThat(received.name()).isEqualTo("web");
        assertThat(received.localAddress()).isEqualTo(address);
        assertThat(received.toString()).isEqualTo("tcp 127.0.0.1:" + address.getPort() + " (web)");
        listener.close().sync();
        Channel again = received.bind(server("new ")).sync().channel();
        assertThat(again.localAddress()).isEqualTo(address);
        try (SocketChannel client = SocketChannel.open(address)) {
            assertThat(ask(client, "hi")).isEqualTo("new hi");
        }
        again.close().sync();
    }

    @Test
    void shouldPassAUnixListenerAndKeepItsPath() throws Exception {
        Path socket = directory.resolve("app.sock");
        io.netty.channel.unix.Socket bound = io.netty.channel.unix.Socket.newSocketDomain();
        bound.bind(new DomainSocketAddress(socket.toString()));
        bound.listen(16);
        Channel listener = new EpollServerDomainSocketChannel(bound.intValue());
        ReceivedDescriptor received = receiveOne(Offer.listener(listener));
        assertThat(received.kind()).isEqualTo(DescriptorKind.UNIX_LISTENER);
        listener.unsafe().closeForcibly();
        Channel again = received.bind(server("new ")).sync().channel();
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            assertThat(ask(client, "hi")).isEqualTo("new hi");
        }
        again.close().sync();
        assertThat(socket).as("a path that the receiver did not make").exists();
    }

    @Test
    void shouldPassATcpConnectionWithWhatWaitsInIt() throws Exception {
        BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
        Channel listener = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .childOption(io.netty.channel.ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accepted.add(channel);
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        try (SocketChannel client = SocketChannel.open(listener.localAddress())) {
            Channel connection = accepted.take();
            client.write(ByteBuffer.wrap("before".getBytes(US_ASCII)));
            ReceivedDescriptor received =
                    receiveOne(Offer.connection(connection).with("state".getBytes(UTF_8)));
            assertThat(received.kind()).isEqualTo(DescriptorKind.TCP_CONNECTION);
            assertThat(received.localAddress()).isEqualTo(client.getRemoteAddress());
            assertThat(received.remoteAddress()).isEqualTo(client.getLocalAddress());
            assertThat(received.metadata()).asString(UTF_8).isEqualTo("state");
            connection.close().sync();
            Channel moved = received.register(client("new ")).sync().channel();
            assertThat(moved.isActive()).isTrue();
            assertThat(moved.localAddress()).isEqualTo(client.getRemoteAddress());
            assertThat(moved.remoteAddress()).isEqualTo(client.getLocalAddress());
            assertThat(read(client)).isEqualTo("new before");
            assertThat(ask(client, "after")).isEqualTo("new after");
            moved.close().sync();
            assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
        listener.close().sync();
    }

    @Test
    void shouldPassAConnectionThatItsPeerHasClosedMeanwhile() throws Exception {
        io.netty.channel.unix.Socket listener = io.netty.channel.unix.Socket.newSocketStream();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        listener.listen(1);
        Socket client = new Socket(
                InetAddress.getLoopbackAddress(), listener.localAddress().getPort());
        FileDescriptor connection = new FileDescriptor(listener.accept(new byte[128]));
        client.setSoLinger(true, 0);
        client.close(); // a reset
        ReceivedDescriptor received = receiveOne(Offer.descriptor(connection));
        assertThat(received.kind()).isEqualTo(DescriptorKind.TCP_CONNECTION);
        received.close();
        connection.close();
        listener.close();
    }

    @Test
    void shouldPassAUnixConnection() throws Exception {
        Path socket = directory.resolve("app.sock");
        BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
        Channel listener = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerDomainSocketChannel.class)
                .childOption(io.netty.channel.ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accepted.add(channel);
                    }
                })
                .bind(new DomainSocketAddress(socket.toString()))
                .sync()
                .channel();
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            Channel connection = accepted.take();
            ReceivedDescriptor received = receiveOne(Offer.connection(connection));
            assertThat(received.kind()).isEqualTo(DescriptorKind.UNIX_CONNECTION);
            connection.close().sync();
            Channel moved = received.register(client("new ")).sync().channel();
            assertThat(moved).isInstanceOf(EpollDomainSocketChannel.class);
            assertThat(ask(client, "hi")).isEqualTo("new hi");
            moved.close().sync();
        }
        listener.close().sync();
    }

    @Test
    void shouldPassAUdpSocket() throws Exception {
        for (String host : new String[] {"127.0.0.1", "::1"}) {
            Channel socket = client("old ")
                    .channel(EpollDatagramChannel.class)
                    .bind(host, 0)
                    .sync()
                    .channel();
            InetSocketAddress address = (InetSocketAddress) socket.localAddress();
            ReceivedDescriptor received = receiveOne(Offer.datagram(socket));
            assertThat(received.kind()).isEqualTo(DescriptorKind.UDP);
            assertThat(received.localAddress()).isEqualTo(address);
            assertThat(received.remoteAddress()).isNull();
            socket.close().sync();
            Channel again = received.register(client("new ")).sync().channel();
            try (DatagramSocket client = new DatagramSocket()) {
                assertThat(askDatagram(client, address)).isEqualTo("new hi");
            }
            again.close().sync();
        }
    }

    private static String askDatagram(DatagramSocket client, InetSocketAddress address) throws Exception {
        client.setSoTimeout(20_000);
        client.send(new java.net.DatagramPacket("hi".getBytes(US_ASCII), 2, address));
        java.net.DatagramPacket answer = new java.net.DatagramPacket(new byte[100], 100);
        client.receive(answer);
        return new String(answer.getData(), 0, answer.getLength(), US_ASCII);
    }

    @Test
    void shouldPassAConnectedUdpSocket() throws Exception {
        try (DatagramSocket peer = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            Channel socket = client("old ")
                    .channel(EpollDatagramChannel.class)
                    .connect(peer.getLocalSocketAddress())
                    .sync()
                    .channel();
            ReceivedDescriptor received = receiveOne(Offer.datagram(socket));
            assertThat(received.remoteAddress()).isEqualTo(peer.getLocalSocketAddress());
            InetSocketAddress address = (InetSocketAddress) socket.localAddress();
            assertThat(received.localAddress()).isEqualTo(address);
            socket.close().sync();
            EpollDatagramChannel again = (EpollDatagramChannel)
                    received.register(client("new ")).sync().channel();
            assertThat(again.remoteAddress()).isEqualTo(peer.getLocalSocketAddress());
            again.writeAndFlush(Unpooled.copiedBuffer("without an address", US_ASCII))
                    .sync();
            java.net.DatagramPacket heard = new java.net.DatagramPacket(new byte[100], 100);
            peer.receive(heard);
            assertThat(heard.getSocketAddress()).isEqualTo(address);
            assertThat(askDatagram(peer, address)).isEqualTo("new hi");
            again.close().sync();
        }
    }

    /** The kernel's list of memberships tells; nothing has to be sent to anybody. */
    @Test
    void shouldKeepTheMulticastMembershipOfAUdpSocket() throws Exception {
        InetAddress group = InetAddress.getByName("239.77.78.79");
        EpollDatagramChannel socket = (EpollDatagramChannel) client("old ")
                .channelFactory(() -> new EpollDatagramChannel(io.netty.channel.socket.InternetProtocolFamily.IPv4))
                .bind("0.0.0.0", 0)
                .sync()
                .channel();
        socket.joinGroup(group, NetworkInterface.getByInetAddress(InetAddress.getLoopbackAddress()), null)
                .sync();
        assertThat(memberships()).contains("4F4E4DEF");
        ReceivedDescriptor received = receiveOne(Offer.datagram(socket));
        socket.close().sync();
        Channel again = received.register(client("new ")).sync().channel();
        assertThat(memberships()).as("with the sender's copy closed").contains("4F4E4DEF");
        again.close().sync();
        assertThat(memberships()).doesNotContain("4F4E4DEF");
    }

    private static String memberships() throws Exception {
        return Files.readString(Path.of("/proc/net/igmp"));
    }

    @Test
    void shouldPassAUnixDatagramSocket() throws Exception {
        Path socketPath = directory.resolve("log");
        Channel socket = client("old ")
                .channel(EpollDomainDatagramChannel.class)
                .bind(new DomainSocketAddress(socketPath.toString()))
                .sync()
                .channel();
        ReceivedDescriptor received = receiveOne(Offer.datagram(socket));
        assertThat(received.kind()).isEqualTo(DescriptorKind.UNIX_DATAGRAM);
        Channel again = received.register(client("new ")).sync().channel();
        socket.eventLoop().submit(() -> socket.config().setAutoRead(false)).sync();
        BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        Channel client = new Bootstrap()
                .group(loops)
                .channel(EpollDomainDatagramChannel.class)
                .handler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext context, Object message) {
                        DomainDatagramPacket packet = (DomainDatagramPacket) message;
                        answers.add(packet.content().toString(US_ASCII));
                        packet.release();
                    }
                })
                .bind(new DomainSocketAddress(directory.resolve("client").toString()))
                .sync()
                .channel();
        client.writeAndFlush(new DomainDatagramPacket(
                        Unpooled.copiedBuffer("hi", US_ASCII), new DomainSocketAddress(socketPath.toString())))
                .sync();
        assertThat(answers.poll(20, TimeUnit.SECONDS)).isEqualTo("new hi");
        client.close().sync();
        again.close().sync();
        socket.close().sync();
    }

    @Test
    void shouldPassAFileAtItsOffsetAndLeaveTheSendersAlone() throws Exception {
        Path file = Files.writeString(directory.resolve("data"), "hello world");
        try (FileChannel sent = FileChannel.open(file, StandardOpenOption.READ)) {
            sent.position(6);
            ReceivedDescriptor received = receiveOne(Offer.file(sent));
            assertThat(received.kind()).isEqualTo(DescriptorKind.FILE);
            Files.delete(file);
            try (FileChannel taken = received.toFile()) {
                assertThat(taken.position()).isEqualTo(6);
                ByteBuffer rest = ByteBuffer.allocate(20);
                assertThat(taken.read(rest)).isEqualTo(5);
                assertThat(new String(rest.array(), 0, 5, US_ASCII)).isEqualTo("world");
                assertThat(sent.position()).isEqualTo(6);
            }
        }
    }

    @Test
    void shouldPassALogThatIsAppendedToAndKeepThatModeOnBothSides() throws Exception {
        Path file = Files.writeString(directory.resolve("log"), "1");
        try (FileChannel sent = FileChannel.open(file, StandardOpenOption.APPEND)) {
            ReceivedDescriptor received = receiveOne(Offer.file(sent));
            try (FileChannel taken = received.toFile()) {
                sent.write(ByteBuffer.wrap("2".getBytes(US_ASCII)));
                taken.write(ByteBuffer.wrap("3".getBytes(US_ASCII)));
                sent.write(ByteBuffer.wrap("4".getBytes(US_ASCII)));
                taken.write(ByteBuffer.wrap("5".getBytes(US_ASCII)));
            }
        }
        assertThat(file).hasContent("12345");
    }

    @Test
    void shouldPassBothEndsOfAPipeAndKeepTheirFlags() throws Exception {
        FileDescriptor[] pipe = FileDescriptor.pipe();
        java.util.List<ReceivedDescriptor> received = new java.util.ArrayList<>();
        String[] flags = {flags(pipe[0]), flags(pipe[1])};
        try (DescriptorServer server =
                DescriptorServer.listen(path, Offerer.of(Offer.descriptor(pipe[0]), Offer.descriptor(pipe[1])))) {
            assertThat(Receiver.from(server.path()).receiveBlocking((descriptor, metadata) -> received.add(descriptor)))
                    .isEqualTo(2);
        }
        assertThat(flags(pipe[0])).isEqualTo(flags[0]);
        assertThat(flags(pipe[1])).isEqualTo(flags[1]);
        pipe[0].close();
        pipe[1].close();
        assertThat(received).extracting(ReceivedDescriptor::kind).containsOnly(DescriptorKind.PIPE);
        try (FileChannel in = received.get(0).toFile();
                FileChannel out = received.get(1).toFile()) {
            out.write(ByteBuffer.wrap("through".getBytes(US_ASCII)));
            out.close();
            assertThat(Channels.newInputStream(in).readAllBytes())
                    .asString(US_ASCII)
                    .isEqualTo("through");
        }
    }

    private static String flags(FileDescriptor descriptor) throws Exception {
        return Files.readAllLines(Path.of("/proc/self/fdinfo/" + descriptor.intValue()))
                .get(1);
    }

    @Test
    void shouldPassAnyDescriptor() throws Exception {
        io.netty.channel.unix.Socket bound = io.netty.channel.unix.Socket.newSocketStream();
        FileDescriptor epoll = io.netty.channel.epoll.Native.newEpollCreate();
        java.util.List<String> received = new java.util.ArrayList<>();
        try (DescriptorServer server = DescriptorServer.listen(
                path,
                Offerer.of(Offer.descriptor(bound), Offer.descriptor(epoll).named("poll")))) {
            Receiver.from(server.path()).receiveBlocking((descriptor, metadata) -> {
                received.add(descriptor.toString());
                descriptor.close();
            });
        }
        assertThat(received.get(0)).startsWith("tcp connection");
        assertThat(received.get(1)).isEqualTo("descriptor (poll)");
        epoll.close();
        bound.close();
    }
}

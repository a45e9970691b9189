// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.connection.DrainEvent;
import io.github.gracefulnetty.handoff.HandoffException;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What is handed over beside TCP and unix listeners: datagram sockets, files, application state. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
class HandOnTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);

    @TempDir
    private Path directory;

    private Path path;

    @BeforeEach
    void choosePath() {
        path = directory.resolve("handoff.sock");
    }

    private Greeter start(String name) {
        return new Greeter(name, Graceful.builder().handoffPath(path).drainTimeout(Duration.ofSeconds(20)));
    }

    private static void ready(Greeter server) {
        server.graceful.ready().join();
    }

    /** Answers each datagram with a name. */
    @Sharable
    private static final class Answer extends ChannelInboundHandlerAdapter {
        private final String name;

        Answer(String name) {
            this.name = name;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            context.writeAndFlush(new DatagramPacket(Unpooled.copiedBuffer(name, US_ASCII), packet.sender()));
            packet.release();
        }
    }

    private static Channel bindUdp(Greeter server, String name, SocketAddress address) throws InterruptedException {
        return new GracefulDatagramBootstrap(server.graceful)
                .group(server.workers)
                .channel(EpollDatagramChannel.class)
                .handler(new Answer(name))
                .bind(address)
                .sync()
                .channel();
    }

    private static String ask(DatagramSocket client, SocketAddress server) throws IOException {
        client.setSoTimeout(20_000);
        client.send(new java.net.DatagramPacket(new byte[] {'?'}, 1, server));
        java.net.DatagramPacket answer = new java.net.DatagramPacket(new byte[100], 100);
        client.receive(answer);
        return new String(answer.getData(), 0, answer.getLength(), US_ASCII);
    }

    @Test
    void shouldHandOnAUdpSocket() throws Exception {
        try (Greeter old = start("old");
                DatagramSocket client = new DatagramSocket()) {
            Channel socket = bindUdp(old, "old", ANY_PORT);
            SocketAddress address = socket.localAddress();
            ready(old);
            assertThat(ask(client, address)).isEqualTo("old");
            try (Greeter young = start("young")) {
                Channel again = bindUdp(young, "young", ANY_PORT);
                assertThat(again.localAddress()).isEqualTo(address);
                assertThat(again.isActive()).isTrue();
                for (int i = 0; i < 100; i++) {
                    assertThat(ask(client, address)).as("before ready").isEqualTo("old");
                }
                ready(young);
                old.graceful.awaitExit();
                assertThat(socket.isOpen()).as("the predecessor's copy").isFalse();
                for (int i = 0; i < 100; i++) {
                    assertThat(ask(client, address)).as("after the drain").isEqualTo("young");
                }
                assertThat(young.graceful.stop().join().forced()).isZero();
                assertThat(again.isOpen()).isFalse();
            }
        }
    }

    @Test
    void shouldLetAHandlerAnswerWhatItStillOwes() throws Exception {
        BlockingQueue<ChannelHandlerContext> told = new LinkedBlockingQueue<>();
        BlockingQueue<InetSocketAddress> asked = new LinkedBlockingQueue<>();
        try (Greeter old = start("old");
                DatagramSocket client = new DatagramSocket()) {
            Channel socket = new GracefulDatagramBootstrap(old.graceful)
                    .group(old.workers)
                    .channel(EpollDatagramChannel.class)
                    .handler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext context, Object message) {
                            DatagramPacket packet = (DatagramPacket) message;
                            asked.add(packet.sender());
                            packet.release();
                        }

                        @Override
                        public void userEventTriggered(ChannelHandlerContext context, Object event) {
                            assertThat(event).isEqualTo(DrainEvent.INSTANCE);
                            told.add(context);
                        }
                    })
                    .bind(ANY_PORT)
                    .sync()
                    .channel();
            ready(old);
            client.send(new java.net.DatagramPacket(new byte[1], 1, socket.localAddress()));
            InetSocketAddress sender = asked.take();
            try (Greeter young = start("young")) {
                bindUdp(young, "young", socket.localAddress());
                ready(young);
                ChannelHandlerContext context = told.take();
                assertThat(ask(client, context.channel().localAddress())).isEqualTo("young");
                assertThat(socket.isOpen()).isTrue();
                context.writeAndFlush(new DatagramPacket(Unpooled.copiedBuffer("late", US_ASCII), sender))
                        .sync();
                java.net.DatagramPacket answer = new java.net.DatagramPacket(new byte[100], 100);
                client.receive(answer);
                assertThat(new String(answer.getData(), 0, answer.getLength(), US_ASCII))
                        .isEqualTo("late");
                context.close().sync();
                old.graceful.awaitExit();
            }
        }
    }

    @Test
    void shouldKeepTheOptionsOfAnInheritedUdpSocket() throws Exception {
        try (Greeter old = start("old")) {
            Channel socket = bindUdp(old, "old", ANY_PORT);
            int size = socket.config().getOption(ChannelOption.SO_RCVBUF);
            ready(old);
            try (Greeter young = start("young")) {
                Channel again = new GracefulDatagramBootstrap(young.graceful)
                        .group(young.workers)
                        .channel(EpollDatagramChannel.class)
                        .option(ChannelOption.SO_RCVBUF, size / 4)
                        .option(ChannelOption.AUTO_READ, false)
                        .handler(new Answer("young"))
                        .bind(socket.localAddress())
                        .sync()
                        .channel();
                assertThat(again.config().getOption(ChannelOption.SO_RCVBUF)).isEqualTo(size);
                ready(young);
                old.graceful.awaitExit();
                assertThat(again.config().isAutoRead()).isFalse();
                try (DatagramSocket client = new DatagramSocket()) {
                    again.read();
                    assertThat(ask(client, again.localAddress())).isEqualTo("young");
                }
            }
        }
    }

    @Test
    void shouldHandOnTheUdpSocketOfANioServer() throws Exception {
        NioEventLoopGroup[] loops = {new NioEventLoopGroup(1), new NioEventLoopGroup(1)};
        try (Greeter old = start("old");
                Greeter young = handOver(old, loops)) {
            assertThat(young.graceful.isServing()).isTrue();
        }
        for (NioEventLoopGroup loop : loops) {
            loop.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
    }

    private Greeter handOver(Greeter old, NioEventLoopGroup... loops) throws Exception {
        SocketAddress address = bindNio(old, "old", loops[0], ANY_PORT);
        ready(old);
        Greeter young = start("young");
        assertThat(bindNio(young, "young", loops[1], ANY_PORT)).isEqualTo(address);
        ready(young);
        old.graceful.awaitExit();
        try (DatagramSocket client = new DatagramSocket()) {
            assertThat(ask(client, address)).isEqualTo("young");
        }
        return young;
    }

    private static SocketAddress bindNio(Greeter server, String name, NioEventLoopGroup loop, SocketAddress address)
            throws InterruptedException {
        return new GracefulDatagramBootstrap(server.graceful)
                .group(loop)
                .channel(NioDatagramChannel.class)
                .handler(new Answer(name))
                .localAddress(address)
                .bind()
                .sync()
                .channel()
                .localAddress();
    }

    @Test
    void shouldHandOnAUnixDatagramSocketAndItsPath() throws Exception {
        Path log = directory.resolve("log");
        DomainSocketAddress address = new DomainSocketAddress(log.toString());
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (Greeter old = start("old");
                Greeter young = handOverLog(old, address, heard)) {
            Channel client = new Bootstrap()
                    .group(young.workers)
                    .channel(EpollDomainDatagramChannel.class)
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(address)
                    .sync()
                    .channel();
            client.writeAndFlush(Unpooled.copiedBuffer("line", US_ASCII)).sync();
            assertThat(heard.take()).isEqualTo("young");
            client.close().sync();
            assertThat(log).exists();
            young.graceful.stop().join();
            assertThat(log).doesNotExist();
        }
    }

    private Greeter handOverLog(Greeter old, DomainSocketAddress address, BlockingQueue<String> heard)
            throws Exception {
        bindLog(old, "old", address, heard);
        assertThatThrownBy(() -> bindLog(old, "old", address, heard))
                .hasStackTraceContaining("address already in use, somebody reads there");
        ready(old);
        Greeter young = start("young");
        bindLog(young, "young", address, heard);
        ready(young);
        old.graceful.awaitExit();
        return young;
    }

    private static void bindLog(Greeter server, String name, DomainSocketAddress address, BlockingQueue<String> heard)
            throws InterruptedException {
        new GracefulDatagramBootstrap(server.graceful)
                .group(server.workers)
                .channel(EpollDomainDatagramChannel.class)
                .handler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext context, Object message) {
                        heard.add(name);
                        io.netty.util.ReferenceCountUtil.release(message);
                    }
                })
                .bind(address)
                .sync();
    }

    @Test
    void shouldHandOnAFileAtItsOffset() throws Exception {
        Path data = Files.writeString(directory.resolve("data"), "hello world");
        Path log = directory.resolve("log");
        try (Greeter old = start("old");
                FileChannel reading = FileChannel.open(data, StandardOpenOption.READ);
                FileChannel appending = FileChannel.open(
                        log, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
                FileChannel closed = FileChannel.open(data, StandardOpenOption.READ)) {
            old.graceful.handOverFile("data", reading);
            old.graceful.handOverFile("log", appending);
            old.graceful.handOverFile("closed", closed);
            closed.close();
            old.bind(ANY_PORT);
            ready(old);
            reading.position(6);
            appending.write(ByteBuffer.wrap("1".getBytes(US_ASCII)));
            try (Greeter young = start("young")) {
                assertThat(young.graceful.inheritedFile("closed")).isEmpty();
                try (FileChannel rest = young.graceful.inheritedFile("data").orElseThrow();
                        FileChannel more = young.graceful.inheritedFile("log").orElseThrow()) {
                    assertThat(young.graceful.inheritedFile("data"))
                            .as("claimed once")
                            .isEmpty();
                    ByteBuffer read = ByteBuffer.allocate(20);
                    rest.read(read);
                    assertThat(new String(read.array(), 0, read.position(), US_ASCII))
                            .isEqualTo("world");
                    appending.write(ByteBuffer.wrap("2".getBytes(US_ASCII)));
                    more.write(ByteBuffer.wrap("3".getBytes(US_ASCII)));
                    appending.write(ByteBuffer.wrap("4".getBytes(US_ASCII)));
                }
                young.bind(ANY_PORT);
                ready(young);
                old.graceful.awaitExit();
            }
        }
        assertThat(log).hasContent("1234");
    }

    @Test
    void shouldHandOnStateBeforeAnythingElse() throws Exception {
        byte[] large = new byte[5_000_000];
        large[4_999_999] = 7;
        try (Greeter old = start("old")) {
            old.bind(ANY_PORT);
            old.graceful.handOverState("sessions", () -> "s".getBytes(US_ASCII));
            old.graceful.handOverState("cache", () -> large);
            old.graceful.handOverState("empty", () -> new byte[0]);
            ready(old);
            try (Greeter young = start("young")) {
                assertThat(young.graceful.inheritedState("sessions")).hasValue("s".getBytes(US_ASCII));
                assertThat(young.graceful.inheritedState("sessions")).isEmpty();
                assertThat(young.graceful.inheritedState("cache")).hasValue(large);
                assertThat(young.graceful.inheritedState("empty")).hasValue(new byte[0]);
                assertThat(young.graceful.inheritedState("other")).isEmpty();
                young.bind(ANY_PORT);
                ready(young);
                old.graceful.awaitExit();
            }
        }
    }

    @Test
    void shouldServeOnWhenTheStateCannotBeMade() throws Exception {
        shouldServeOnWithout(
                () -> {
                    throw new IOException("disk full");
                },
                "disk full");
    }

    @Test
    void shouldServeOnWithoutMemoryForTheState() throws Exception {
        shouldServeOnWithout(() -> new byte[Integer.MAX_VALUE], "OutOfMemoryError");
    }

    private void shouldServeOnWithout(Callable<byte[]> state, String why) throws Exception {
        try (Greeter old = start("old")) {
            Channel listener = old.bind(ANY_PORT);
            old.graceful.handOverState("sessions", state);
            ready(old);
            assertThatThrownBy(() -> start("young"))
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining("the application state 'sessions' could not be made: ")
                    .hasMessageContaining(why);
            old.graceful.handOverState("sessions", () -> new byte[1]);
            assertThat(Greeter.ask(listener.localAddress())).isEqualTo("old");
            try (Greeter young = start("young")) {
                young.bind(ANY_PORT);
                ready(young);
                old.graceful.awaitExit();
            }
        }
    }

    @Test
    void shouldRefuseMoreStateThanTheSuccessorAllows() throws Exception {
        try (Greeter old = start("old")) {
            old.bind(ANY_PORT);
            old.graceful.handOverState("cache", () -> new byte[1001]);
            ready(old);
            assertThatThrownBy(() -> new Greeter(
                            "young", Graceful.builder().handoffPath(path).maxApplicationState(1000)))
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining("the application state is larger than 1000 bytes, at 'cache'");
            assertThat(old.graceful.isServing()).isTrue();
        }
    }

    @Test
    void shouldHandOnWhatIsOpenedDuringTheHandoffButNotWhatIsClosed() throws Exception {
        try (Greeter old = start("old")) {
            Channel first = old.bind(ANY_PORT);
            Channel second = old.bind(ANY_PORT);
            ready(old);
            second.close().sync();
            try (Greeter young = start("young")) {
                young.bind(first.localAddress());
                SocketAddress late = old.bind(ANY_PORT).localAddress();
                SocketAddress lateUdp = bindUdp(old, "old", ANY_PORT).localAddress();
                await().untilAsserted(() -> assertThat(
                                young.graceful.runtime().parts().register().unclaimed())
                        .hasSize(2));
                assertThat(young.bind(late).localAddress()).isEqualTo(late);
                bindUdp(young, "young", lateUdp);
                ready(young);
                old.graceful.awaitExit();
                assertThat(Greeter.ask(late)).isEqualTo("young");
                assertThatThrownBy(() -> Greeter.ask(second.localAddress())).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void shouldListenOnTheNetworksThatGoHas() throws Exception {
        Path app = directory.resolve("app.sock");
        try (Greeter old = start("old")) {
            SocketAddress four = listen(old, "tcp4", "127.0.0.1:0");
            SocketAddress six = listen(old, "tcp6", "[::1]:0");
            SocketAddress any = listen(old, "tcp", ":0");
            SocketAddress wildFour = listen(old, "tcp4", "0.0.0.0:0");
            int port = ((InetSocketAddress) wildFour).getPort();
            SocketAddress wildSix = listen(old, "tcp6", "[::]:" + port);
            SocketAddress unix = listen(old, "unix", app.toString());
            assertThat(((InetSocketAddress) wildSix).getPort())
                    .as("the same port in both families")
                    .isEqualTo(port);
            ready(old);
            try (Greeter young = start("young")) {
                assertThat(listen(young, "tcp6", "[::]:" + port)).isEqualTo(wildSix);
                assertThat(listen(young, "tcp4", ":" + port)).isEqualTo(wildFour);
                assertThat(listen(young, "tcp4", "127.0.0.1:0")).isEqualTo(four);
                assertThat(listen(young, "tcp6", "[::1]:0")).isEqualTo(six);
                assertThat(listen(young, "tcp", "0.0.0.0:" + ((InetSocketAddress) any).getPort()))
                        .isEqualTo(any);
                assertThat(listen(young, "unix", app.toString())).isEqualTo(unix);
                assertThatThrownBy(() -> listen(young, "tcp4", "127.0.0.1:" + ((InetSocketAddress) four).getPort()))
                        .as("claimed once")
                        .isInstanceOf(BindException.class);
                ready(young);
                old.graceful.awaitExit();
                for (SocketAddress address : new SocketAddress[] {four, six, any, unix}) {
                    assertThat(Greeter.ask(address)).isEqualTo("young");
                }
                assertThat(Greeter.ask(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port)))
                        .isEqualTo("young");
                assertThat(Greeter.ask(new InetSocketAddress(InetAddress.getByName("::1"), port)))
                        .isEqualTo("young");
            }
        }
    }

    private static SocketAddress listen(Greeter server, String network, String address) throws InterruptedException {
        return ((GracefulBootstrap) server.bootstrap(ANY_PORT))
                .listen(network, address)
                .sync()
                .channel()
                .localAddress();
    }

    @Test
    void shouldSayWhatIsWrongWithANetworkOrAddress() throws Exception {
        try (Greeter server = start("server")) {
            assertThatThrownBy(() -> listen(server, "tpc", ":80"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("unknown network 'tpc': there are tcp, tcp4, tcp6, unix and unixpacket");
            for (String[] wrong : new String[][] {
                {"tcp", "80", "it has no port, host:port is needed"},
                {"tcp", "localhost:http", "'http' is not a port"},
                {"tcp", "localhost:65536", "the port is not between 0 and 65535"},
                {"tcp", "::1:80", "an IPv6 address is written in brackets, [::1]:port"},
                {"tcp4", "[::1]:80", "'::1' has no address of this network"},
                {"tcp6", "127.0.0.1:80", "'127.0.0.1' has no address of this network"},
                {"unix", "", "it is empty"},
            }) {
                assertThatThrownBy(() -> listen(server, wrong[0], wrong[1]))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("'" + wrong[1] + "' is no address of network " + wrong[0] + ": " + wrong[2]);
            }
            String packets = directory.resolve("packets").toString();
            assertThatThrownBy(() -> listen(server, "unixpacket", packets))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("a fresh unixpacket listener at unix:" + packets + " is not possible: Netty's natives"
                            + " open stream and datagram sockets only. Let a service manager open it (systemd:"
                            + " ListenSequentialPacket=)");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.epoll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.process.SocketPair;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("deprecation") // the group that both Netty lines have
class EpollTransportTest {
    @TempDir
    private Path directory;

    private final EpollTransport transport = new EpollTransport();
    private final EventLoopGroup loop = new EpollEventLoopGroup(1);

    @AfterEach
    void close() {
        loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1", "0.0.0.0", "::"})
    void shouldSayTheSameOfATcpChannelAsTheKernelSaysOfItsDescriptor(String host) throws Exception {
        Channel listener = listen(EpollServerSocketChannel.class, new InetSocketAddress(host, 0));
        Channel connection = connect(EpollSocketChannel.class, listener.localAddress());
        assertThat(facts(listener).kind()).isEqualTo(DescriptorKind.TCP_LISTENER);
        assertThat(facts(connection).kind()).isEqualTo(DescriptorKind.TCP_CONNECTION);
        assertThat(facts(connection).remote()).isEqualTo(connection.remoteAddress());
    }

    @Test
    void shouldTellTheFamilyOfASocketWhoseAddressIsOfTheOtherOne() throws Exception {
        Channel six = transport.open(DescriptorKind.TCP_LISTENER, StandardProtocolFamily.INET6);
        loop.register(six).sync();
        six.bind(new InetSocketAddress("127.0.0.1", 0)).sync();
        assertThat(facts(six).family()).isEqualTo(StandardProtocolFamily.INET6);
        Channel four = transport.open(DescriptorKind.TCP_LISTENER, StandardProtocolFamily.INET);
        loop.register(four).sync();
        four.bind(new InetSocketAddress("127.0.0.1", 0)).sync();
        assertThat(facts(four).family()).isEqualTo(StandardProtocolFamily.INET);
    }

    @Test
    void shouldSayTheSameOfEveryOtherChannel() throws Exception {
        DomainSocketAddress path =
                new DomainSocketAddress(directory.resolve("socket").toString());
        Channel listener = listen(EpollServerDomainSocketChannel.class, path);
        assertThat(facts(listener).kind()).isEqualTo(DescriptorKind.UNIX_LISTENER);
        Channel connection = connect(EpollDomainSocketChannel.class, path);
        assertThat(facts(connection).kind()).isEqualTo(DescriptorKind.UNIX_CONNECTION);
        Channel datagrams =
                client(EpollDatagramChannel.class).bind("127.0.0.1", 0).sync().channel();
        assertThat(facts(datagrams).kind()).isEqualTo(DescriptorKind.UDP);
    }

    @Test
    void shouldSayWhatAChannelReallyIsWhateverItWasAdoptedAs() throws Exception {
        Channel listener = listen(EpollServerSocketChannel.class, new InetSocketAddress("127.0.0.1", 0));
        Channel connection = connect(EpollSocketChannel.class, listener.localAddress());
        Channel unix = listen(
                EpollServerDomainSocketChannel.class,
                new DomainSocketAddress(directory.resolve("socket").toString()));
        assertThat(kindIfAdoptedAs(DescriptorKind.TCP_CONNECTION, connection)).isEqualTo(DescriptorKind.TCP_CONNECTION);
        assertThat(kindIfAdoptedAs(DescriptorKind.TCP_CONNECTION, listener)).isEqualTo(DescriptorKind.TCP_LISTENER);
        assertThat(kindIfAdoptedAs(DescriptorKind.UNIX_CONNECTION, unix)).isEqualTo(DescriptorKind.UNIX_LISTENER);
    }

    @ParameterizedTest
    @EnumSource(
            value = DescriptorKind.class,
            names = {"FILE", "PIPE", "OTHER"},
            mode = EnumSource.Mode.EXCLUDE)
    void shouldLeaveTheDescriptorToItsOwnerWhenItCannotBeAdopted(DescriptorKind kind) throws Exception {
        FileDescriptor file =
                FileDescriptor.from(Files.createFile(directory.resolve("file")).toString());

        assertThatThrownBy(() -> transport.adopt(kind, file.intValue())).isInstanceOf(IOException.class);

        assertThat(file.write(ByteBuffer.allocateDirect(1), 0, 1)).isOne();
        file.close();
    }

    @Test
    void shouldTakeWhatIsClosedForDelivered() throws Exception {
        Channel listener = listen(EpollServerSocketChannel.class, new InetSocketAddress("127.0.0.1", 0));
        Channel connection = connect(EpollSocketChannel.class, listener.localAddress());
        connection.close().sync();

        assertThat(transport.isDelivered(connection)).isTrue();
    }

    private DescriptorKind kindIfAdoptedAs(DescriptorKind kind, Channel channel) throws Exception {
        SocketPair pair = SocketPair.open();
        pair.near().sendFd(((UnixChannel) channel).fd().intValue());
        Channel adopted = transport.adopt(kind, pair.far().recvFd());
        pair.close();
        try {
            return transport.kindOf((UnixChannel) adopted);
        } finally {
            adopted.unsafe().closeForcibly();
        }
    }

    /** What is said of the channel, if that is the same. */
    private SocketFacts facts(Channel channel) throws Exception {
        UnixChannel unix = (UnixChannel) channel;
        SocketFacts facts = transport.inspect(unix);
        assertThat(facts).isEqualTo(transport.inspect(unix.fd().intValue()));
        return facts;
    }

    private Channel listen(Class<? extends ServerChannel> type, SocketAddress address) throws Exception {
        return new ServerBootstrap()
                .group(loop)
                .channel(type)
                .childHandler(new ChannelInboundHandlerAdapter())
                .bind(address)
                .sync()
                .channel();
    }

    private Channel connect(Class<? extends Channel> type, SocketAddress address) throws Exception {
        return client(type).connect(address).sync().channel();
    }

    private Bootstrap client(Class<? extends Channel> type) {
        return new Bootstrap().group(loop).channel(type).handler(new ChannelInboundHandlerAdapter());
    }
}

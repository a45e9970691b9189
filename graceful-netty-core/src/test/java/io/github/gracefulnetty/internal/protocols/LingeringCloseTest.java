// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Real sockets: what is at stake is what the kernel does with bytes that nobody has read. */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
class LingeringCloseTest {
    private static final int ANSWER = 8 * 1024 * 1024;
    private static final long LONG = 60_000;

    private final EventLoopGroup loops = new NioEventLoopGroup(1);
    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
    private final Channel listener = new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                    accepted.add(channel);
                }
            })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();

    private final Socket client = new Socket();
    private Channel connection = listener;

    @BeforeEach
    void connect() throws Exception {
        client.setReceiveBufferSize(64 * 1024);
        client.setSoTimeout((int) LONG);
        client.connect(new InetSocketAddress(
                InetAddress.getLoopbackAddress(), ((InetSocketAddress) listener.localAddress()).getPort()));
        connection = accepted.take();
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private void install(Predicate<Channel> delivered, long lingerMillis) {
        connection.pipeline().addFirst(new LingeringClose(delivered, lingerMillis));
    }

    /** The server writes and closes; the client sends a byte for each that it has read, as WINDOW_UPDATEs are sent. */
    private int readAllThatIsWrittenBeforeTheClose() throws Exception {
        connection.eventLoop().execute(() -> {
            connection.write(Unpooled.wrappedBuffer(new byte[ANSWER]));
            connection.close();
        });
        InputStream in = client.getInputStream();
        byte[] buffer = new byte[16 * 1024];
        int all = 0;
        try {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                all += read;
                client.getOutputStream().write(1);
            }
        } catch (IOException e) {
            return all; // reset: that is all there is
        }
        return all;
    }

    @Test
    void shouldSendAllThatWasWrittenToAClientThatGoesOnToSend() throws Exception {
        install(all -> true, LONG);
        assertThat(readAllThatIsWrittenBeforeTheClose()).isEqualTo(ANSWER);
        client.close();
        assertThat(connection.closeFuture().await(LONG)).isTrue();
    }

    /** So that the test above can fail. */
    @Test
    void shouldLoseSomeOfItWithoutLingering() throws Exception {
        assertThat(readAllThatIsWrittenBeforeTheClose()).isLessThan(ANSWER);
    }

    @Test
    void shouldNotWaitForAClientThatStaysWhenItHasEverything() throws Exception {
        install(all -> true, 10);
        assertThat(connection.close().await(LONG)).isTrue();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void shouldWaitUntilEverythingIsDelivered() throws Exception {
        CountDownLatch asked = new CountDownLatch(3);
        install(
                all -> {
                    asked.countDown();
                    return asked.getCount() == 0;
                },
                10);
        assertThat(connection.close().await(LONG)).isTrue();
        assertThat(asked.getCount()).isZero();
    }

    @Test
    void shouldCloseAtOnceWhenItIsForced() throws Exception {
        install(all -> false, LONG);
        var closed = connection.close();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
        connection.eventLoop().submit(() -> Protocols.cut(connection)).sync();
        assertThat(closed.await(LONG)).isTrue();
    }

    @Test
    void shouldCloseWhenTheClientDoes() throws Exception {
        install(all -> false, LONG);
        var closed = connection.close();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
        client.close();
        assertThat(closed.await(LONG)).isTrue();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.connection.ConnectionEnds;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A server in this JVM with any pipeline, one "process" of a handoff, and the client side of its connections. */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
final class Site implements AutoCloseable {
    final Graceful graceful;
    private final EventLoopGroup boss = new EpollEventLoopGroup(1);
    private final EventLoopGroup workers = new EpollEventLoopGroup(2);

    Site(Graceful.Builder builder) {
        graceful = builder.build();
    }

    Channel bind(SocketAddress address, Supplier<List<ChannelHandler>> handlers) throws InterruptedException {
        ServerBootstrap bootstrap = new GracefulBootstrap(graceful)
                .group(boss, workers)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(handlers.get().toArray(ChannelHandler[]::new));
                    }
                });
        return bootstrap.bind(address).sync().channel();
    }

    void ready() throws Exception {
        graceful.ready().get(20, TimeUnit.SECONDS);
    }

    /** Each connection that there was is in exactly one column; some may have come during the drain. */
    ExitReport exit() throws Exception {
        ExitReport report = graceful.exitFuture().get(60, TimeUnit.SECONDS);
        assertThat(report.byProtocol().values().stream()
                        .mapToInt(ConnectionEnds::total)
                        .sum())
                .isGreaterThanOrEqualTo(report.connections());
        return report;
    }

    @Override
    public void close() {
        graceful.stop();
        graceful.stop().handle((report, failure) -> true).join(); // at once: clients may still be there
        boss.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        workers.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** A client that never reconnects. */
    static final class Client implements AutoCloseable {
        private final Socket socket = new Socket();

        Client(Channel server) throws IOException {
            this((InetSocketAddress) server.localAddress());
        }

        Client(InetSocketAddress server) throws IOException {
            socket.setSoTimeout(30_000);
            socket.setTcpNoDelay(true);
            socket.connect(server);
        }

        Client send(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(US_ASCII));
            return this;
        }

        /** Reads up to and including {@code end}. */
        String until(String end) throws IOException {
            StringBuilder text = new StringBuilder();
            InputStream in = socket.getInputStream();
            while (text.indexOf(end) < 0) {
                int next = in.read();
                if (next < 0) {
                    throw new IOException("the connection ended after '" + text + "'");
                }
                text.append((char) next);
            }
            return text.toString();
        }

        String read(int bytes) throws IOException {
            return new String(socket.getInputStream().readNBytes(bytes), US_ASCII);
        }

        String line() throws IOException {
            String line = until("\n");
            return line.substring(0, line.length() - 1);
        }

        /** A whole request, and who answered it; with {@code (closes)} if that was the last one. */
        String ask(String path) throws IOException {
            send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
            return answer();
        }

        /** Who answered, of an answer whose body is one line. */
        String answer() throws IOException {
            String head = until("\r\n\r\n").toLowerCase(Locale.ROOT);
            return line() + (head.contains("connection: close") ? " (closes)" : "");
        }

        /** Whether something can be read. */
        boolean hasAnswer() throws IOException {
            return socket.getInputStream().available() > 0;
        }

        void halfClose() throws IOException {
            socket.shutdownOutput();
        }

        boolean isAtEnd() throws IOException {
            return socket.getInputStream().read() < 0;
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}

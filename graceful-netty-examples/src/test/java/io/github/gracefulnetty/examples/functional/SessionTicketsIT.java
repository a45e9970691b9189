// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Arrays.copyOfRange;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.ssl.OpenSslServerContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import java.io.File;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenSSL's own client resumes in the successor the TLS session that it began with the predecessor. */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
class SessionTicketsIT {
    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void shouldResumeTheSessionsOfThePredecessor(String version) throws Exception {
        TestCertificate pair = new TestCertificate(directory);
        try (Server old = new Server(pair, true)) {
            String session = directory.resolve("session").toString();
            assertThat(connect(old.address(), version, "-sess_out", session)).contains("New, TLS");
            assertThat(connect(old.address(), version, "-sess_in", session)).contains("Reused, TLS");
            try (Server young = new Server(pair, true)) {
                old.awaitExit();
                assertThat(connect(young.address(), version, "-sess_in", session))
                        .contains("Reused, TLS");
            }
        }
    }

    /** The code in the README stands here word for word. */
    @Test
    void shouldShowInTheReadmeWhatIsTestedHere() throws Exception {
        Matcher block = Pattern.compile("```java\n([^`]*ticket keys.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("..", "README.md")));
        assertThat(block.find()).isTrue();
        assertThat(code(Files.readString(
                        Path.of("src/test/java/io/github/gracefulnetty/examples/functional/SessionTicketsIT.java"))))
                .contains(code(block.group(1)));
    }

    /** Without comments and white space. */
    private static String code(String text) {
        return text.replaceAll("//[^\n]*", "").replaceAll("\\s+", "");
    }

    /** So that the first test can fail. */
    @Test
    void shouldBeginNewSessionsIfTheKeysAreNotHandedOn() throws Exception {
        TestCertificate pair = new TestCertificate(directory);
        try (Server old = new Server(pair, false)) {
            String session = directory.resolve("session").toString();
            assertThat(connect(old.address(), "-tls1_3", "-sess_out", session)).contains("New, TLS");
            try (Server young = new Server(pair, false)) {
                old.awaitExit();
                assertThat(connect(young.address(), "-tls1_3", "-sess_in", session))
                        .contains("New, TLS");
            }
        }
    }

    /** One connection, until the server ends it. */
    private String connect(InetSocketAddress server, String... options) {
        ProcessBuilder command = new ProcessBuilder(
                Programs.require("openssl", "openssl"),
                "s_client",
                "-ign_eof",
                "-connect",
                "127.0.0.1:" + server.getPort());
        command.command().addAll(List.of(options));
        RunningProcess client = processes.start(command.redirectInput(new File("/dev/null")));
        client.awaitExit();
        return client.out().text();
    }

    /** Says hello to who has shaken hands, and ends the connection. */
    private final class Server implements AutoCloseable {
        private final EventLoopGroup loops = new EpollEventLoopGroup(1);
        private final Graceful graceful = Graceful.builder()
                .allowSameProcess(true)
                .handoffPath(directory.resolve("handoff.sock"))
                .probation(Duration.ZERO)
                .build();
        private final Channel listener;

        Server(TestCertificate pair, boolean handsKeysOn) throws Exception {
            SslContext tls = SslContextBuilder.forServer(pair.certificate(), pair.key())
                    .sslProvider(SslProvider.OPENSSL)
                    .build();
            if (handsKeysOn) {
                shareTicketKeys(tls);
            }
            listener = new GracefulBootstrap(graceful)
                    .group(loops)
                    .channel(EpollServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc()), new Greeter());
                        }
                    })
                    .bind("127.0.0.1", 0)
                    .sync()
                    .channel();
            graceful.ready().get(60, TimeUnit.SECONDS);
        }

        private void shareTicketKeys(SslContext tls) {
            byte[] keys = graceful.inheritedState("ticket keys").orElseGet(Server::newKeys);
            graceful.handOverState("ticket keys", () -> keys);
            ((OpenSslServerContext) tls)
                    .sessionContext()
                    .setTicketKeys(new OpenSslSessionTicketKey(
                            copyOfRange(keys, 0, 16), copyOfRange(keys, 16, 32), copyOfRange(keys, 32, 48)));
        }

        private static byte[] newKeys() {
            byte[] keys = new byte[OpenSslSessionTicketKey.TICKET_KEY_SIZE];
            new SecureRandom().nextBytes(keys);
            return keys;
        }

        InetSocketAddress address() {
            return (InetSocketAddress) listener.localAddress();
        }

        void awaitExit() throws Exception {
            graceful.exitFuture().get(60, TimeUnit.SECONDS);
        }

        @Override
        public void close() throws Exception {
            if (!graceful.exitFuture().isDone()) {
                graceful.stop().get(60, TimeUnit.SECONDS);
            }
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    private static final class Greeter extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent shaken && shaken.isSuccess()) {
                context.writeAndFlush(Unpooled.copiedBuffer("hello\n", US_ASCII))
                        .addListener(ChannelFutureListener.CLOSE);
            }
            context.fireUserEventTriggered(event);
        }
    }
}

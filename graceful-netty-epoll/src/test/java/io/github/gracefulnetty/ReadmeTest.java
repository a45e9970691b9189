// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.handoff.DescriptorServer;
import io.github.gracefulnetty.handoff.Offer;
import io.github.gracefulnetty.handoff.Receiver;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The code in the README: it stands here word for word, and does what is said of it. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
@SuppressWarnings("deprecation") // the groups that both Netty lines have
class ReadmeTest {
    private static final Path README = Path.of("..", "README.md");
    private static final Path SOURCE = Path.of("src/test/java/io/github/gracefulnetty/ReadmeTest.java");

    @TempDir
    private Path directory;

    @Sharable
    private static final class MyDatagramHandler extends ChannelInboundHandlerAdapter {}

    @Test
    void shouldShowInTheReadmeWhatIsTestedHere() throws Exception {
        String source = code(Files.readString(SOURCE));
        Matcher blocks = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(README));
        List<String> more = new ArrayList<>();
        while (blocks.find()) {
            if (blocks.group(1).contains("Datagram")
                    || blocks.group(1).contains("DescriptorServer")
                    || blocks.group(1).contains("probation")) {
                more.add(blocks.group(1));
            }
        }
        assertThat(more).hasSize(3);
        for (String block : more) {
            for (String statement : block.split("\n\n", -1)) {
                assertThat(source).contains(code(statement));
            }
        }
    }

    /** Without comments and white space. */
    private static String code(String text) {
        return text.replaceAll("//[^\n]*", "").replaceAll("\\s+", "");
    }

    @Test
    void shouldHandOnMoreThanListeners() throws Exception {
        Path handoff = directory.resolve("handoff.sock");
        Path file = directory.resolve("audit");
        EventLoopGroup workers = new EpollEventLoopGroup(1);
        Graceful graceful = Graceful.builder().handoffPath(handoff).build();
        Sessions sessions = () -> new byte[] {7};
        FileChannel audit = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);

        Channel socket = new GracefulDatagramBootstrap(graceful)
                .group(workers)
                .channel(EpollDatagramChannel.class)
                .handler(new MyDatagramHandler())
                .bind(28353)
                .sync()
                .channel();

        graceful.handOverFile("audit", audit);
        graceful.handOverState("sessions", () -> sessions.save());

        graceful.ready().join();
        Graceful successor = Graceful.builder().handoffPath(handoff).build();
        assertReceived(successor);
        assertThat(socket.isActive()).isTrue();
        audit.close();
        for (Graceful each : List.of(successor, graceful)) {
            each.stop().join();
        }
        workers.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void shouldSetProbationUp() {
        Graceful.Builder builder = Graceful.builder()
                .probation(Duration.ofSeconds(10))
                .probationCheck(() -> smokeTest().orTimeout(20, SECONDS))
                .maxDraining(4);
        Graceful graceful = builder.build();
        assertThat(graceful.toString()).contains("probation=PT10S, probationCheck=yes, maxDraining=4");
        graceful.stop().join();
    }

    /** Not run: the README shows it. */
    void rollBackAndTell(Graceful graceful) {
        graceful.rollBack("no database");
        graceful.upgrade().thenAccept(result -> result.confirmed().exceptionally(failure -> alert(failure)));
    }

    private static CompletableFuture<Void> smokeTest() {
        return CompletableFuture.completedFuture(null);
    }

    private static @Nullable Void alert(Throwable failure) {
        throw new AssertionError(failure);
    }

    private interface Sessions {
        byte[] save();
    }

    private static void assertReceived(Graceful graceful) throws Exception {
        Optional<FileChannel> inherited = graceful.inheritedFile("audit");
        Optional<byte[]> state = graceful.inheritedState("sessions");

        assertThat(inherited).isPresent();
        inherited.orElseThrow().close();
        assertThat(state).hasValue(new byte[] {7});
    }

    @Test
    void shouldOnlyPassDescriptors() throws Exception {
        Path path = directory.resolve("share.sock");
        EventLoopGroup boss = new EpollEventLoopGroup(1);
        EventLoopGroup workers = new EpollEventLoopGroup(1);
        BlockingQueue<Channel> active = new LinkedBlockingQueue<>();
        ChannelHandler handler = new Noting(active);
        Channel listening = new ServerBootstrap()
                .group(boss, workers)
                .channel(EpollServerSocketChannel.class)
                .childHandler(handler)
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        FileChannel log =
                FileChannel.open(directory.resolve("log"), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        byte[] config = {1};
        try (Socket client = new Socket(
                InetAddress.getLoopbackAddress(), ((java.net.InetSocketAddress) listening.localAddress()).getPort())) {
            Channel connection = active.take();
            DescriptorServer server = DescriptorServer.listen(
                    path,
                    to -> to.state("config", config)
                            .add(Offer.listener(listening).named("web"))
                            .add(Offer.connection(connection).with(Map.of("user", "ann")))
                            .add(Offer.file(log)));

            Receiver.from(path).receiveBlocking((descriptor, metadata) -> {
                switch (descriptor.kind()) {
                    case TCP_LISTENER ->
                        descriptor.bind(
                                new ServerBootstrap().group(boss, workers).childHandler(handler));
                    case TCP_CONNECTION ->
                        descriptor.register(new Bootstrap().group(workers).handler(handler));
                    case FILE -> append(descriptor.toFile());
                    default -> descriptor.close();
                }
            });

            server.close();
            Channel moved = active.take();
            assertThat(moved.remoteAddress()).isEqualTo(client.getLocalSocketAddress());
            assertThat(directory.resolve("log")).hasContent("x");
            log.close();
        }
        // Without a quiet period Netty 4.2 may end a loop at once, and leave its channels open.
        boss.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        workers.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    private static void append(FileChannel file) throws Exception {
        try (file) {
            file.write(ByteBuffer.wrap("x".getBytes(US_ASCII)));
        }
    }

    @Sharable
    private static final class Noting extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<Channel> active;

        Noting(BlockingQueue<Channel> active) {
            this.active = active;
        }

        @Override
        public void channelActive(io.netty.channel.ChannelHandlerContext context) {
            active.add(context.channel());
        }
    }
}

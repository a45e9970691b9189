// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.share;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.gracefulnetty.handoff.DescriptorServer;
import io.github.gracefulnetty.handoff.Offer;
import io.github.gracefulnetty.handoff.Offerer;
import io.github.gracefulnetty.handoff.Offering;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Offers what it has open to every process that asks, until it is stopped. It keeps the originals. */
@Command(
        name = "offer",
        description = "Offers a listener, a connection, a file and a pipe until it is stopped.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ShareOffer implements Callable<Integer> {
    private static final String NOTES = "line 1, which the offering process has read\nline 2\nline 3\n";

    private final AtomicInteger receivers = new AtomicInteger();

    @Option(names = "--path", paramLabel = "PATH", required = true, description = "Where the others connect.")
    private Path path = Path.of("");

    @Option(names = "--port", paramLabel = "PORT", defaultValue = "0", description = "Of the listener; 0 for any.")
    private int port;

    @Override
    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public Integer call() throws Exception {
        EventLoopGroup loops = new EpollEventLoopGroup(1);
        try (ServerSocket elsewhere = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                FileChannel notes = openNotes()) {
            // This process does not accept, so clients wait in the queue until a receiver does.
            Channel listener = new ServerBootstrap()
                    .group(loops)
                    .channel(EpollServerSocketChannel.class)
                    .option(ChannelOption.AUTO_READ, false)
                    .childHandler(new ChannelInboundHandlerAdapter())
                    .bind(InetAddress.getLoopbackAddress(), port)
                    .sync()
                    .channel();
            // Nor does it read from the connection: what it has read would stay here.
            Channel connection = new Bootstrap()
                    .group(loops)
                    .channel(EpollSocketChannel.class)
                    .option(ChannelOption.AUTO_READ, false)
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(elsewhere.getLocalSocketAddress())
                    .sync()
                    .channel();
            // The same three for everybody, with a name and metadata, and what addOwn makes for each receiver.
            Offerer offerer = Offerer.sequence(
                    this::addOwn,
                    Offerer.of(
                            Offer.file(notes).named("notes").with(Map.of("lines already read", "1")),
                            Offer.connection(connection).named("client").with(Map.of("user", "ann")),
                            Offer.listener(listener).named("web").with(Map.of("protocol", "http"))));
            try (DescriptorServer server = DescriptorServer.listen(path, offerer);
                    Socket peer = elsewhere.accept();
                    BufferedReader heard = new BufferedReader(new InputStreamReader(peer.getInputStream(), UTF_8))) {
                Runtime.getRuntime().addShutdownHook(new Thread(server::close)); // removes the path
                print("listener \"web\" at http://127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort()
                        + ", not accepting");
                print("connection \"client\", whose other end will tell what it hears");
                print("file \"notes\" at byte " + notes.position() + " of " + notes.size());
                print("pipe \"mail\", a new one for each receiver");
                print("all of it is offered at unix:" + server.path());
                for (String line = heard.readLine(); line != null; line = heard.readLine()) {
                    print("the other end of the connection heard: " + line);
                }
                return 0;
            }
        } finally {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    /** Opens a file that has no name any more, and goes on behind its first line. */
    private static FileChannel openNotes() throws IOException {
        FileChannel notes = FileChannel.open(
                Files.writeString(Files.createTempFile("share", ".txt"), NOTES),
                StandardOpenOption.READ,
                StandardOpenOption.DELETE_ON_CLOSE); // on Linux, it is deleted at once
        return notes.position(NOTES.indexOf('\n') + 1);
    }

    /** Runs once per receiver: a number as application state, and a pipe with a letter in it. */
    private void addOwn(Offering to) throws IOException {
        int number = receivers.incrementAndGet();
        FileDescriptor[] pipe = FileDescriptor.pipe(); // its end to read from, its end to write to
        // An original stays open until the receiver has its copy, or it is clear that it will not get one.
        to.received().whenComplete((nothing, failure) -> {
            close(pipe[0]);
            print("receiver " + number + ", pid " + to.receiverPid()
                    + (failure == null ? ": has everything" : ": failed, see the log"));
        });
        ByteBuffer letter = UTF_8.encode("dear pid " + to.receiverPid() + "\n");
        ByteBuffer direct = ByteBuffer.allocateDirect(letter.remaining()).put(letter);
        pipe[1].write(direct, 0, direct.position());
        close(pipe[1]); // so that whoever reads it comes to an end
        to.state("receiver", Integer.toString(number).getBytes(UTF_8));
        to.add(Offer.descriptor(pipe[0]).named("mail").with(Map.of("letters", "1")));
    }

    private static void close(FileDescriptor descriptor) {
        try {
            descriptor.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void print(String line) {
        System.out.println(line);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.gracefulnetty.handoff.HandoffException;
import io.github.gracefulnetty.handoff.Offer;
import io.github.gracefulnetty.handoff.ReceivedDescriptor;
import io.github.gracefulnetty.handoff.Receiver;
import io.github.gracefulnetty.handoff.Sender;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * With any number of descriptors that one side may still open, from none on, a handoff either succeeds or fails with a
 * clear reason; it never hangs, nothing is left open, and the next one succeeds.
 */
@SuppressWarnings("deprecation") // the event-loop group that both Netty lines have
@Tag("once")
class ScarceDescriptorsIT {
    private static final int MOST_FREE = 14;
    private static final String[] LIMITED = {"prlimit", "--nofile=200:200"};

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private HandoffProcesses handoff;

    @BeforeEach
    void needPrlimit() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/prlimit")), "prlimit is missing: install util-linux");
        handoff = new HandoffProcesses(processes, directory);
    }

    @Test
    void shouldReceiveOrFailClearlyWhateverTheReceiverMayOpen() throws Exception {
        handoff.startSender("udp", 3, Integer.BYTES);
        List<String> open = handoff.letSenderOffer();
        assertReceivesOrFailsClearly("path");
        handoff.endSender(open);
    }

    @Test
    void shouldReceiveOrFailClearlyOnAConnectionOfItsOwnWhateverTheReceiverMayOpen() throws Exception {
        EventLoopGroup loops = new EpollEventLoopGroup(1);
        FileDescriptor offered = FileDescriptor.from("/dev/null");
        Offer offer = Offer.descriptor(offered);
        new ServerBootstrap()
                .group(loops)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.eventLoop()
                                .execute(() -> Sender.send(
                                        channel, to -> to.add(offer).add(offer).add(offer)));
                    }
                })
                .bind(new DomainSocketAddress(handoff.path().toString()))
                .sync();
        assertReceivesOrFailsClearly("connection");
        offered.close();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    private void assertReceivesOrFailsClearly(String way) throws Exception {
        ControlledProcess receiver = handoff.start(
                JavaCommand.main(ScarceReceiver.class).through(LIMITED), Integer.toString(MOST_FREE), way);
        receiver.let("receive");
        List<String> outcomes = receiver.process().out().lines().stream()
                .filter(line -> line.startsWith("FREE "))
                .toList();
        assertThat(outcomes)
                .hasSize(MOST_FREE + 1)
                .allMatch(line -> line.endsWith(" RECEIVED 3")
                        || line.contains("Too many open files")
                        || line.contains("ulimit -n"));
        assertThat(outcomes.get(0)).contains("NOT RECEIVED");
        assertThat(outcomes.get(MOST_FREE)).isEqualTo("FREE " + MOST_FREE + " RECEIVED 3");
        Await.untilAsserted(
                "the end of all handoffs",
                () -> assertThat(receiver.descriptors())
                        .doesNotContain("anon_inode eventpoll")
                        .filteredOn(
                                kind -> kind.startsWith("unix") || kind.startsWith("udp") || kind.equals("/dev/null"))
                        .hasSizeLessThanOrEqualTo(2));
        receiver.end();
    }

    /** To take a process for dead that lives would make two serve; to take a dead one for alive, none. */
    @Test
    void shouldTellProcessesApartAndStartThemOrFailClearlyWhateverItMayOpen() throws Exception {
        ControlledProcess process =
                handoff.start(JavaCommand.main(ScarceProcess.class).through(LIMITED), Integer.toString(MOST_FREE));
        List<String> before = process.descriptors();
        process.let("begin");
        List<String> outcomes = process.process().out().lines().stream()
                .filter(line -> line.startsWith("FREE "))
                .toList();
        assertThat(outcomes)
                .hasSize(MOST_FREE + 1)
                .allMatch(line -> line.contains(" running true, zombie false, ended false "))
                .allMatch(line -> line.endsWith(" STARTED 0") || line.endsWith(", see ulimit -n"));
        assertThat(outcomes.get(0)).contains("NOT STARTED");
        assertThat(outcomes.get(MOST_FREE)).endsWith("STARTED 0");
        process.awaitDescriptors(before);
        process.end();
    }

    /** It cannot even accept while it may open nothing; who comes then waits, and the server says so a few times. */
    @Test
    void shouldSendOrFailClearlyWhateverTheSenderMayOpen() throws Exception {
        handoff.startSender(JavaCommand.main(ScarceSender.class).through(LIMITED), Integer.toString(MOST_FREE));
        handoff.sender.let("open");
        for (int free = 0; free <= MOST_FREE; free++) {
            handoff.sender.let("leave " + free);
            String outcome = receive(Duration.ofSeconds(1));
            assertThat(outcome)
                    .as("with " + free)
                    .containsAnyOf(
                            "was silent for 1000 ms",
                            "Too many open files",
                            "has closed the descriptor connection",
                            "Connection reset by peer",
                            free == 0 ? "Too many open files" : "RECEIVED 3");
            if (free == MOST_FREE) {
                assertThat(outcome).isEqualTo("RECEIVED 3");
            }
            handoff.sender.let("release " + free);
            assertThat(receive(Duration.ofSeconds(20))).as("after " + free).isEqualTo("RECEIVED 3");
        }
        handoff.sender.let("close");
        handoff.sender.awaitDescriptors(handoff.senderBefore);
        handoff.sender.end();
        assertThat(handoff.sender.process().err().lines()).hasSizeLessThan(200);
    }

    private String receive(Duration patience) throws InterruptedException {
        try {
            return "RECEIVED "
                    + Receiver.from(handoff.path())
                            .patience(patience)
                            .receiveBlocking((descriptor, metadata) -> close(descriptor));
        } catch (HandoffException e) {
            return "NOT RECEIVED: " + e.getMessage();
        }
    }

    private static void close(ReceivedDescriptor descriptor) {
        descriptor.close();
    }
}

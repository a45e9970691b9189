// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The {@code share} example: what one process offers, others use, and nothing of it is left. */
@Tag("once")
class ShareIT {
    private static final int TERMINATED = 128 + 15;
    private static final int LIMIT_MILLIS = 90_000;
    private static final Pattern WEB = Pattern.compile("listener \"web\" at http://(127\\.0\\.0\\.1:\\d+), .*");

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private Path path;

    @BeforeEach
    void choosePath() {
        path = directory.resolve("share.sock");
    }

    /** What one receiver said of its own: its number among the receivers, and the target of the request it answered. */
    private record Use(int number, int target) {}

    @Test
    void shouldUseAllFourInTwoReceiversOneAfterTheOther() throws IOException {
        RunningProcess offer = offer();
        InetSocketAddress web = web(offer);
        try (Socket first = request(web, 1);
                Socket second = request(web, 2)) {
            RunningProcess one = take();
            assertThat(uses(one, offer)).isEqualTo(new Use(1, 1));
            assertThat(answer(first)).endsWith("\r\n\r\nhello from pid " + one.pid() + "\n");
            RunningProcess two = take();
            assertThat(uses(two, offer)).isEqualTo(new Use(2, 2));
            assertThat(answer(second)).endsWith("\r\n\r\nhello from pid " + two.pid() + "\n");
        }
        stopWithNothingLeft(offer);
    }

    @Test
    void shouldUseAllFourInTwoReceiversAtTheSameTime() throws IOException {
        RunningProcess offer = offer();
        InetSocketAddress web = web(offer);
        List<RunningProcess> takers = List.of(take(), take());
        takers.forEach(taker -> taker.out().await("waiting for a request"));
        try (Socket first = request(web, 1);
                Socket second = request(web, 2)) {
            List<Use> uses = takers.stream().map(taker -> uses(taker, offer)).toList();
            assertThat(uses).extracting(Use::number).containsExactlyInAnyOrder(1, 2);
            assertThat(uses).extracting(Use::target).containsExactlyInAnyOrder(1, 2);
            List<Long> answeredBy = new ArrayList<>();
            for (Socket client : List.of(first, second)) {
                String answer = answer(client);
                answeredBy.add(Long.parseLong(
                        answer.substring(answer.lastIndexOf(' ') + 1).strip()));
            }
            assertThat(answeredBy)
                    .containsExactlyInAnyOrder(
                            takers.get(0).pid(), takers.get(1).pid());
        }
        stopWithNothingLeft(offer);
    }

    @Test
    void shouldOfferOnWhenAReceiverDies() throws IOException {
        RunningProcess offer = offer();
        InetSocketAddress web = web(offer);
        RunningProcess victim = take();
        victim.out().await("waiting for a request");
        victim.kill();
        victim.awaitExit();
        RunningProcess taker = take();
        try (Socket client = request(web, 2)) {
            assertThat(uses(taker, offer)).isEqualTo(new Use(2, 2));
            assertThat(answer(client)).endsWith("hello from pid " + taker.pid() + "\n");
        }
        stopWithNothingLeft(offer);
    }

    @Test
    void shouldSayThatNobodyOffersAnything() {
        RunningProcess taker = take();
        assertThat(taker.awaitExit()).isEqualTo(1);
        taker.err().await("error: nobody listens at unix:");
    }

    private RunningProcess offer() {
        return processes.start(JavaCommand.example("share", "offer", "--path", path.toString()));
    }

    private RunningProcess take() {
        return processes.start(JavaCommand.example("share", "take", "--path", path.toString()));
    }

    /** Where the offered listener is, when all is offered. */
    private InetSocketAddress web(RunningProcess offer) {
        offer.out().await("all of it is offered at unix:" + path);
        Matcher line = WEB.matcher(offer.out().await("listener \"web\""));
        assertThat(line.matches()).isTrue();
        return ServerGeneration.tcp(line.group(1));
    }

    /** A client that waits in the queue of the listener until somebody accepts it. */
    private static Socket request(InetSocketAddress web, int number) throws IOException {
        Socket client = new Socket();
        client.setSoTimeout(LIMIT_MILLIS);
        client.connect(web, LIMIT_MILLIS);
        client.getOutputStream().write(("GET /" + number + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(US_ASCII));
        return client;
    }

    private static String answer(Socket client) throws IOException {
        String answer = new String(client.getInputStream().readAllBytes(), US_ASCII);
        assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n");
        return answer;
    }

    /** Waits until a receiver has exited, and checks what it and the offering process say of each descriptor. */
    private static Use uses(RunningProcess taker, RunningProcess offer) {
        assertThat(taker.awaitExit()).as("status of " + taker).isZero();
        String address = "127\\.0\\.0\\.1:\\d+";
        Matcher said = Pattern.compile("state \\(receiver\\): (\\d)\n"
                        + "pipe \\(mail\\) \\{letters=1}: read \\[dear pid " + taker.pid() + "]\n"
                        + "file \\(notes\\) \\{lines already read=1}: read \\[line 2, line 3]\n"
                        + "tcp connection " + address + " to " + address
                        + " \\(client\\) \\{user=ann}: wrote hello ann, this is pid " + taker.pid() + "\n"
                        + "waiting for a request at http://" + address + "\n"
                        + "tcp " + address + " \\(web\\) \\{protocol=http}: answered GET /(\\d) HTTP/1\\.1\n")
                .matcher(taker.out().text());
        assertThat(said.matches()).as(() -> taker.out().text()).isTrue();
        offer.out().await("the other end of the connection heard: hello ann, this is pid " + taker.pid());
        offer.out().await("receiver " + said.group(1) + ", pid " + taker.pid() + ": has everything");
        return new Use(Integer.parseInt(said.group(1)), Integer.parseInt(said.group(2)));
    }

    private void stopWithNothingLeft(RunningProcess offer) throws IOException {
        assertThat(processes.alive()).containsExactly(offer.pid());
        assertThat(path).exists();
        Proc.signal("TERM", offer.pid());
        assertThat(offer.awaitExit()).isEqualTo(TERMINATED);
        processes.awaitNone();
        assertThat(directory).as("the directory of the path").isEmptyDirectory();
        try (Stream<Path> files = Files.list(processes.temporaryDirectory())) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .as("temporary files")
                    .allMatch(name -> name.matches("\\d+\\.(out|err)"));
        }
    }
}

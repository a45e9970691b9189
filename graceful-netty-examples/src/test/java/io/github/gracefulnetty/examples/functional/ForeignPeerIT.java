// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A peer in another language, written from docs/protocol.md alone, and ours: in all roles. */
@Tag("once")
class ForeignPeerIT {
    private static final int SOME = 200;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @BeforeEach
    void needPython() {
        Programs.require("python3", "python3");
    }

    private RunningProcess peer(String... arguments) throws URISyntaxException {
        URL script = Objects.requireNonNull(ForeignPeerIT.class.getResource("peer.py"));
        ProcessBuilder builder =
                new ProcessBuilder("python3", Path.of(script.toURI()).toString());
        builder.command().addAll(List.of(arguments));
        return processes.start(builder);
    }

    @Test
    void shouldHandDescriptorsToIt() throws Exception {
        HandoffProcesses handoff = new HandoffProcesses(processes, directory);
        handoff.startSender("listeners", SOME, Integer.BYTES);
        List<String> offered = handoff.letSenderOffer();
        RunningProcess peer = peer("receive", handoff.path().toString());
        assertThat(peer.out().await("RECEIVED")).isEqualTo("RECEIVED " + SOME + ", wrong: 0");
        assertThat(peer.awaitExit()).isZero();
        handoff.sender.process().out().await("SENT");
        handoff.endSender(offered);
    }

    @Test
    void shouldReceiveDescriptorsFromIt() throws Exception {
        HandoffProcesses handoff = new HandoffProcesses(processes, directory);
        RunningProcess peer = peer("send", handoff.path().toString(), Integer.toString(SOME));
        peer.out().await("OFFERED");
        ControlledProcess receiver = handoff.startReceiver("forget");
        List<String> nothing = receiver.descriptors();
        receiver.let("receive");
        assertThat(receiver.process().out().lines()).contains("RECEIVED " + SOME + ", wrong: 0");
        peer.out().await("SENT");
        assertThat(peer.awaitExit()).isZero();
        receiver.let("use");
        receiver.let("close");
        receiver.awaitDescriptors(nothing);
        receiver.end();
    }

    @Test
    void shouldHandAServiceOverToIt() throws Exception {
        Path path = directory.resolve("handoff.sock");
        RunningProcess server = processes.start(JavaCommand.http("--port", "0", "--handoff", path.toString())
                .environment("GRACEFUL_NETTY_PROBATION", "2m"));
        ServerGeneration first = server.awaitReady(1);
        RunningProcess peer = peer("take-over", path.toString());
        assertThat(peer.out().await("PROBATION")).isEqualTo("PROBATION, ms: 120000");
        peer.out().await("SERVING");
        assertThat(server.awaitExit()).isZero();
        try (Socket client = new Socket("127.0.0.1", first.address().getPort())) {
            client.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(UTF_8));
            assertThat(answer(client.getInputStream())).endsWith("python");
        }
        assertThat(peer.out().await("DRAINED")).isEqualTo("DRAINED, by force: 0");
        assertThat(peer.awaitExit()).isZero();
    }

    private static String answer(InputStream in) throws IOException {
        return new String(in.readAllBytes(), UTF_8);
    }
}

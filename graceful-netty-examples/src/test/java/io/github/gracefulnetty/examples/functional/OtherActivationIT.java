// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A service manager opens what is no stream listener. */
@Tag("once")
class OtherActivationIT {
    private static final String ASK = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.connect(sys.argv[1])
            s.send(b'?')
            print(s.recv(100).decode())
            """;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldAnswerTheDatagramThatStartedItAndHandTheSocketOn() throws IOException {
        int port;
        try (DatagramSocket free = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        RunningProcess server = activate(
                JavaCommand.example("udp", "--port", Integer.toString(port)), "--datagram", "-l", "127.0.0.1:" + port);
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        try (DatagramSocket client = new DatagramSocket()) {
            assertThat(ask(client, address)).as("generation").isEqualTo(1);
            ServerGeneration first = server.awaitReady(1);
            assertThat(first.pid()).isEqualTo(server.pid());
            first.hup();
            ServerGeneration second = server.awaitReady(2);
            first.awaitEnd();
            assertThat(ask(client, address)).as("generation").isEqualTo(2);
            processes.awaitOnly(second);
        }
    }

    private static int ask(DatagramSocket client, InetSocketAddress address) throws IOException {
        client.setSoTimeout(60_000);
        client.send(new DatagramPacket(new byte[1], 1, address));
        DatagramPacket answer = new DatagramPacket(new byte[100], 100);
        client.receive(answer);
        return ByteBuffer.wrap(answer.getData(), 1, Integer.BYTES).getInt();
    }

    @Test
    void shouldServeAnInheritedListenerForSequencedPacketsAndHandItOn() throws Exception {
        Programs.require("python3", "python3");
        Path path = directory.resolve("packets");
        RunningProcess server = activate(
                JavaCommand.main(UnixpacketServer.class, path.toString()), "--seqpacket", "-l", path.toString());
        assertThat(askPacket(path)).isEqualTo("generation 1");
        ServerGeneration first = server.awaitReady(1);
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        first.awaitEnd();
        assertThat(askPacket(path)).isEqualTo("generation 2");
        processes.awaitOnly(second);
    }

    /** Java has no sequenced packets. */
    private static String askPacket(Path path) throws IOException, InterruptedException {
        Await.until("the socket", () -> path.toFile().exists());
        Process client = new ProcessBuilder("python3", "-c", ASK, path.toString())
                .redirectErrorStream(true)
                .start();
        String answer = new String(client.getInputStream().readAllBytes(), UTF_8).strip();
        assertThat(client.waitFor()).as(answer).isZero();
        return answer;
    }

    private RunningProcess activate(JavaCommand command, String... options) {
        List<String> prefix = new ArrayList<>(
                List.of(Programs.require("systemd-socket-activate", "systemd"), "--setenv=" + TestProcesses.MARK));
        prefix.addAll(List.of(options));
        RunningProcess activator = processes.start(command.through(prefix.toArray(String[]::new)));
        Await.until(
                "the activator's socket",
                () -> Proc.descriptors(activator.pid()).values().stream().anyMatch(to -> to.startsWith("socket:")));
        return activator;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.gracefulnetty.DescriptorGate;
import io.github.gracefulnetty.Graceful;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** There is nobody at the path, or not the one who was expected: each side says so, and destroys nothing. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class WrongPathTest {
    private static final int SOMEBODY = 65_534;

    @TempDir
    private Path directory;

    private Path path;

    @BeforeEach
    void open() {
        Epoll.ensureAvailability();
        path = directory.resolve("handoff.sock");
    }

    private static void assertCannotReceive(Path from, String reason) throws Exception {
        assertThat(Outcomes.of(Receiver.from(from).receive((descriptor, metadata) -> {})))
                .contains(reason);
    }

    private static void assertCannotListen(Path at, String reason) {
        assertThatThrownBy(() -> DescriptorServer.listen(at, to -> {}))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(reason);
    }

    private static void assertListens(Path at) throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(at, to -> {})) {
            assertThat(Receiver.from(server.path()).receiveBlocking((descriptor, metadata) -> {}))
                    .isZero();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(at)))
                    .isEqualTo("rw-------");
        }
        assertThat(at).doesNotExist();
    }

    @Test
    void shouldSayThatNobodyListens() throws Exception {
        assertCannotReceive(path, "nobody listens at unix:" + path);
    }

    @Test
    void shouldSayThatNobodyListensAnyMore() throws Exception {
        leaveAStaleSocket();
        assertCannotReceive(path, "nobody listens at unix:" + path);
    }

    @Test
    void shouldTakeThePlaceOfASocketThatNobodyListensOnAnyMore() throws Exception {
        leaveAStaleSocket();
        assertListens(path);
    }

    private void leaveAStaleSocket() throws IOException {
        Socket stale = Socket.newSocketDomain();
        stale.bind(new DomainSocketAddress(path.toString()));
        stale.close();
        assertThat(path).exists();
    }

    @Test
    void shouldSayThatNobodyListensInADirectoryThatDoesNotExist() throws Exception {
        assertCannotReceive(directory.resolve("none").resolve("handoff.sock"), "nobody listens");
        assertCannotListen(directory.resolve("none").resolve("handoff.sock"), "does not exist: create it");
    }

    @Test
    void shouldLeaveARegularFileAlone() throws Exception {
        Files.writeString(path, "precious");
        assertCannotReceive(path, "nobody listens at unix:" + path);
        assertCannotListen(path, "is a regular file, not a socket: refused");
        assertThat(path).hasContent("precious");
    }

    @Test
    void shouldLeaveASymbolicLinkAlone() throws Exception {
        Path target = Files.writeString(directory.resolve("target"), "precious");
        Files.createSymbolicLink(path, target);
        assertCannotReceive(path, "nobody listens at unix:" + path);
        assertCannotListen(path, "is a symbolic link, not a socket: refused");
        assertThat(path).isSymbolicLink();
        assertThat(target).hasContent("precious");
    }

    @Test
    void shouldReceiveThroughASymbolicLinkButNotListenAtIt() throws Exception {
        Path link = directory.resolve("link");
        Files.createSymbolicLink(link, path);
        try (DescriptorServer server = DescriptorServer.listen(path, to -> {})) {
            assertThat(server.path()).isEqualTo(path);
            assertThat(Receiver.from(link).receiveBlocking((descriptor, metadata) -> {}))
                    .isZero();
            assertCannotListen(link, "is a symbolic link, not a socket: refused");
        }
        assertThat(link).isSymbolicLink();
    }

    @Test
    void shouldLeaveADirectoryAlone() throws Exception {
        Files.createDirectory(path);
        assertCannotReceive(path, "nobody listens at unix:" + path);
        assertCannotListen(path, "is a directory, not a socket: refused");
        assertThat(path).isDirectory();
    }

    @Test
    void shouldRefuseAPathThatIsTooLong() throws Exception {
        Path longest = directory.resolve("s".repeat(200));
        assertCannotListen(longest, "choose a shorter path");
        assertCannotReceive(longest, longest.toString());
    }

    @Test
    void shouldLeaveSomebodyElsesSocketAlone() throws Exception {
        assumeTrue(isRoot(), "only root can give a socket to somebody else");
        leaveAStaleSocket();
        Files.setAttribute(path, "unix:uid", SOMEBODY);
        assertCannotListen(path, "belongs to uid 65534, we are uid 0: refused");
        assertThat(path).exists();
    }

    private static boolean isRoot() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    }

    @Test
    void shouldRefuseADirectoryThatOthersMayWriteTo() throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertCannotListen(path, "others may write to the directory");
    }

    @Test
    void shouldNotListenWhereSomebodyListens() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, to -> {})) {
            assertCannotListen(path, "somebody listens there already");
            assertThat(Receiver.from(server.path()).receiveBlocking((descriptor, metadata) -> {}))
                    .isZero();
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldLeaveThePathToWhoHasTakenItSince() throws Exception {
        DescriptorServer first = DescriptorServer.listen(path, to -> {});
        Files.move(path, directory.resolve("moved"));
        try (DescriptorServer second = DescriptorServer.listen(path, to -> {})) {
            first.close();
            assertThat(Receiver.from(second.path()).receiveBlocking((descriptor, metadata) -> {}))
                    .isZero();
        }
    }

    @Test
    void shouldRefuseToBeTakenOverWhereDescriptorsAreOffered() throws Exception {
        try (DescriptorServer server = DescriptorServer.listen(path, to -> {})) {
            assertThatThrownBy(() -> Graceful.builder().handoffPath(path).build())
                    .isInstanceOf(HandoffException.class)
                    .hasMessageContaining("descriptors are offered here, there is no server to take over from");
            assertThat(Receiver.from(server.path()).receiveBlocking((descriptor, metadata) -> {}))
                    .isZero();
        }
    }

    @Test
    void shouldRefuseAReceiverWhereASuccessorIsAwaited() throws Exception {
        Graceful graceful = Graceful.builder().handoffPath(path).build();
        try {
            graceful.ready().join();
            assertCannotReceive(
                    path,
                    "pid " + ProcessHandle.current().pid()
                            + " waits for a successor here, it offers nothing to those who only receive");
            assertThat(graceful.isServing()).isTrue();
            assertCannotListen(path, "somebody listens there already");
        } finally {
            graceful.stop().join();
        }
    }

    @Test
    void shouldRefuseAPatienceThatIsNone() {
        for (Duration none : new Duration[] {Duration.ZERO, Duration.ofSeconds(-1)}) {
            assertThatThrownBy(() -> Receiver.from(path).patience(none)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> DescriptorServer.listen(path, to -> {}, none))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(path).doesNotExist();
    }
}

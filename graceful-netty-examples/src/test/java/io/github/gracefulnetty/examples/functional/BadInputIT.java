// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static io.github.gracefulnetty.examples.functional.Refusal.assertRefuses;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What cannot work ends with one clear line, and leaves nothing behind. */
@Tag("once")
class BadInputIT {
    private static final String NOBODY = "65534";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private Path handoff = Path.of("unset");

    @BeforeEach
    void prepare() {
        handoff = directory.resolve("handoff.sock");
    }

    // ------------------------------------------------------------------ the handoff path

    @Test
    void shouldRefuseAHandoffPathThatBelongsToAnotherUser() throws IOException {
        assumeRoot();
        try (ServerSocketChannel foreign = listen(handoff)) {
            Proc.run("chown", NOBODY, handoff.toString());
            assertRefusesAndTouchesNothing(handoff, "belongs to uid " + NOBODY + ", we are uid 0");
            assertThat(foreign.isOpen()).isTrue();
        }
    }

    @Test
    void shouldRefuseAHandoffPathThatItMayNotReach() throws IOException {
        JavaCommand command = asNobody("--port", "0", "--handoff", handoff.toString());
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        assertRefuses(processes.start(command), "unix:" + handoff);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldRefuseAHandoffPathInADirectoryThatItMayNotWriteTo() throws IOException {
        JavaCommand command = asNobody("--port", "0", "--handoff", handoff.toString());
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertRefuses(processes.start(command), "may not write to the directory " + directory);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldRefuseAHandoffPathThatIsTooLongForAUnixAddress() {
        assertRefusesAndTouchesNothing(directory.resolve("x".repeat(108)), "choose a shorter path");
    }

    @Test
    void shouldRefuseAHandoffPathInAMissingDirectory() {
        assertRefusesAndTouchesNothing(
                directory.resolve("missing").resolve("handoff.sock"),
                "the directory " + directory.resolve("missing") + " does not exist");
    }

    @Test
    void shouldRefuseAHandoffPathInADirectoryThatOthersMayWriteTo() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertRefusesAndTouchesNothing(handoff, "others may write to the directory " + directory);
    }

    @Test
    void shouldAllowAHandoffPathInAStickyDirectory() {
        Proc.run("chmod", "1777", directory.toString());
        RunningProcess server = processes.start(JavaCommand.http("--port", "0", "--handoff", handoff.toString()));
        ServerGeneration first = server.awaitReady(1);
        assertThat(handoff).exists();
        first.term();
        assertThat(server.awaitExit()).isZero();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldRefuseARegularFileAsHandoffPath() throws IOException {
        Files.writeString(handoff, "precious");
        assertRefusesAndTouchesNothing(handoff, "is a regular file, not a socket");
        assertThat(handoff).hasContent("precious");
    }

    @Test
    void shouldRefuseADirectoryAsHandoffPath() throws IOException {
        Files.createDirectory(handoff);
        assertRefusesAndTouchesNothing(handoff, "is a directory, not a socket");
    }

    @Test
    void shouldRefuseASymbolicLinkToNothingAsHandoffPath() throws IOException {
        Files.createSymbolicLink(handoff, directory.resolve("missing"));
        assertRefusesAndTouchesNothing(handoff, "is a symbolic link, not a socket");
    }

    @Test
    void shouldRefuseASymbolicLinkToAServerAsHandoffPath() throws IOException {
        Path real = directory.resolve("real.sock");
        ServerGeneration first = processes
                .start(JavaCommand.http("--port", "0", "--handoff", real.toString()))
                .awaitReady(1);
        Files.createSymbolicLink(handoff, real);
        assertRefusesAndTouchesNothing(handoff, "is a symbolic link, not a socket");
        assertAnswers(first);
    }

    @Test
    void shouldReplaceAHandoffPathThatACrashLeftBehind() throws IOException {
        listen(handoff).close();
        assertThat(handoff).exists();
        String[] options = {"--port", "0", "--handoff", handoff.toString()};
        processes.start(JavaCommand.http(options)).awaitReady(1);
        processes.start(JavaCommand.http(options)).awaitReady(2);
    }

    @ParameterizedTest
    @CsvSource({"hangs up,''", "answers in HTTP,HTTP/1.1 400 Bad Request"})
    void shouldRefuseAHandoffPathWhereAnotherProgramListens(String what, String answer) throws Exception {
        try (ServerSocketChannel stranger = listen(handoff)) {
            Thread acceptor = new Thread(() -> {
                try {
                    while (true) {
                        try (SocketChannel connection = stranger.accept()) {
                            connection.write(ByteBuffer.wrap(answer.getBytes(US_ASCII)));
                        }
                    }
                } catch (IOException e) {
                    // the end of this test
                }
            });
            acceptor.start();
            assertRefusesAndTouchesNothing(handoff, "unix:" + handoff);
            stranger.close();
            acceptor.join();
        }
    }

    @Test
    void shouldRefuseAProcessOfAnotherUserAtItsHandoffPath() throws IOException {
        Proc.run("chmod", "1777", directory.toString());
        RunningProcess server = processes.start(asNobody("--port", "0", "--handoff", handoff.toString()));
        ServerGeneration first = server.awaitReady(1);
        assertRefuses(
                processes.start(JavaCommand.http("--port", "0", "--handoff", handoff.toString())),
                "belongs to uid " + NOBODY + ", we are uid 0");
        // Root may connect to anything: one that does not look first is refused by the server.
        try (SocketChannel root = SocketChannel.open(UnixDomainSocketAddress.of(handoff))) {
            server.err().await("pid " + ProcessHandle.current().pid() + " of uid 0 was refused");
            ByteBuffer answer = ByteBuffer.allocate(4096);
            while (root.read(answer) >= 0) {
                // until it hangs up
            }
            assertThat(new String(answer.array(), 0, answer.position(), US_ASCII))
                    .contains("belongs to uid " + NOBODY + ", you are uid 0");
        }
        assertAnswers(first);
    }

    // ------------------------------------------------------------------ addresses

    @Test
    void shouldRefuseAHostThatCannotBeResolved() {
        assertRefusesAndLeavesNothing(
                JavaCommand.example("http", "--host", "no-such-host.invalid", "--port", "0"), "no-such-host.invalid");
    }

    @Test
    void shouldRefuseAnAddressThatIsNotOfThisMachine() {
        assertRefusesAndLeavesNothing(
                JavaCommand.example("http", "--host", "192.0.2.1", "--port", "0"),
                "192.0.2.1",
                "Cannot assign requested address");
    }

    @Test
    void shouldRefuseAPortThatAStrangerUses() throws IOException {
        try (ServerSocket stranger = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            assertRefusesAndLeavesNothing(
                    JavaCommand.http("--port", Integer.toString(stranger.getLocalPort())),
                    "127.0.0.1:" + stranger.getLocalPort(),
                    "Address already in use");
        }
    }

    @Test
    void shouldRefuseAUnixPathThatAStrangerUses() throws IOException {
        Path path = directory.resolve("server.sock");
        try (ServerSocketChannel stranger = listen(path)) {
            assertRefuses(
                    processes.start(JavaCommand.example("http", "--unix", path.toString())),
                    "unix:" + path,
                    "address already in use");
            assertThat(stranger.isOpen()).isTrue();
            assertThat(path).exists();
        }
    }

    @Test
    void shouldRefuseAUnixPathWhereAFileIsAndLeaveItAlone() throws IOException {
        Path path = Files.writeString(directory.resolve("server.sock"), "precious");
        assertRefuses(
                processes.start(JavaCommand.example("http", "--unix", path.toString())),
                "unix:" + path,
                "is a regular file");
        assertThat(path).hasContent("precious");
    }

    @Test
    void shouldServeOnWhenASecondCopyCannotBindAnotherPort() throws IOException {
        String[] options = {"--port", "0", "--handoff", handoff.toString()};
        ServerGeneration first = processes.start(JavaCommand.http(options)).awaitReady(1);
        try (ServerSocket stranger = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(stranger.getLocalPort());
            assertRefuses(processes.start(JavaCommand.http(options).with("--port", port)), "Address already in use");
        }
        assertAnswers(first);
        processes.start(JavaCommand.http(options)).awaitReady(2);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(handoff);
        }
    }

    @Test
    void shouldRefuseNonsenseInTheVariableThatIsMeantForSuccessors() {
        assertRefuses(
                processes.start(JavaCommand.http("--port", "0").environment("GRACEFUL_NETTY_PREDECESSOR", "1:2:3")),
                "GRACEFUL_NETTY_PREDECESSOR was not written by graceful-netty");
    }

    // ------------------------------------------------------------------ options

    static Stream<List<String>> wrongOptions() {
        return Stream.of(
                List.of("http"),
                List.of("http", "--port"),
                List.of("http", "--port", "http"),
                List.of("http", "--port", "-1"),
                List.of("http", "--port", "65536"),
                List.of("http", "--port", "0", "--host"),
                List.of("http", "--port", "0", "--drain-timeout", "0s"),
                List.of("http", "--port", "0", "--drain-timeout", "-1s"),
                List.of("http", "--port", "0", "--drain-timeout", "soon"),
                List.of("http", "--port", "0", "--upgrade-timeout", "30"),
                List.of("http", "--port", "0", "--init-delay", "99999999999999999999s"),
                List.of("http", "--port", "0", "--xyz"),
                List.of("http", "--port", "0", "operand"),
                List.of("nonsense"),
                List.of());
    }

    @ParameterizedTest
    @MethodSource("wrongOptions")
    void shouldShowItsUsageAndExitWithStatus2AfterWrongOptions(List<String> options) {
        RunningProcess process = processes.start(JavaCommand.example(options.toArray(String[]::new)));
        assertThat(process.awaitExitAndOutput()).as(process::report).isEqualTo(2);
        assertThat(process.err().text())
                .startsWithIgnoringCase(process.err().lines().get(0))
                .contains("Usage: ");
        assertThat(process.err().lines().get(0)).as(process::report).doesNotContain("Exception");
        assertThat(process.out().lines()).isEmpty();
    }

    // ------------------------------------------------------------------

    /** Refuses this handoff path, and leaves what is in the directory as it was. */
    private void assertRefusesAndTouchesNothing(Path path, String... parts) {
        Map<String, Object> before = files();
        assertRefuses(processes.start(JavaCommand.http("--port", "0", "--handoff", path.toString())), parts);
        assertThat(files()).isEqualTo(before);
    }

    /** Refuses for another reason than the handoff path, which is not left behind. */
    private void assertRefusesAndLeavesNothing(JavaCommand command, String... parts) {
        assertRefuses(processes.start(command.with("--handoff", handoff.toString())), parts);
        assertThat(directory).isEmptyDirectory();
    }

    private Map<String, Object> files() {
        Map<String, Object> files = new TreeMap<>();
        try (Stream<Path> stream = Files.list(directory)) {
            for (Path file : stream.toList()) {
                files.put(
                        file.getFileName().toString(), Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return files;
    }

    private static ServerSocketChannel listen(Path path) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        channel.bind(UnixDomainSocketAddress.of(path));
        return channel;
    }

    private static void assertAnswers(ServerGeneration server) {
        try (HttpConnection connection = HttpConnection.to(server.address())) {
            assertThat(connection.get("/").pid()).isEqualTo(server.pid());
        }
    }

    private static void assumeRoot() {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can act as another user");
    }

    /** The example server as another user, who can read its jar in a directory that this makes. */
    private JavaCommand asNobody(String... options) throws IOException {
        assumeRoot();
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "setpriv is missing: install util-linux");
        Proc.run("chmod", "1777", processes.temporaryDirectory().toString());
        Path jar = processes.temporaryDirectory().resolve("examples.jar");
        Files.copy(JavaCommand.jar(), jar);
        Files.setPosixFilePermissions(jar, PosixFilePermissions.fromString("rw-r--r--"));
        return JavaCommand.jar(jar, "http", "--host", "127.0.0.1")
                .with(options)
                .through("/usr/bin/setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");
    }

    @AfterEach
    void letTheDirectoryBeDeleted() {
        Proc.run("chmod", "0700", directory.toString());
    }
}

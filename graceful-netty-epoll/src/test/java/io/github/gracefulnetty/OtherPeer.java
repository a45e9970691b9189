// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** Another process at one end of a descriptor connection: it comes in the middle of a handoff, and gets what it can. */
public final class OtherPeer implements AutoCloseable {
    /** Of a user who may do nothing special. */
    public static final int NOBODY = 65_534;

    private final Path classes;
    private final Process process;
    private final BufferedReader out;

    private OtherPeer(List<String> through, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(through);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        classes = copyOfClass();
        command.addAll(List.of("-cp", classes.toString(), OtherPeer.class.getName()));
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        out = process.inputReader();
    }

    /** Where another user may read it, too. */
    private static Path copyOfClass() throws IOException {
        Path classes = Files.createTempDirectory("other-peer");
        String name = OtherPeer.class.getName().replace('.', '/') + ".class";
        Path copy = classes.resolve(name);
        Files.createDirectories(copy.getParent());
        try (InputStream original = OtherPeer.class.getClassLoader().getResourceAsStream(name)) {
            Files.write(copy, original.readAllBytes());
        }
        Files.setPosixFilePermissions(classes, PosixFilePermissions.fromString("rwxr-xr-x"));
        return classes;
    }

    /** Takes the place of who listens at {@code path}, as a process of our own user. It listens when this returns. */
    public static OtherPeer listeningInPlaceOf(Path path) throws IOException {
        return listening(List.of(), path);
    }

    /** Like {@link #listeningInPlaceOf}, as a process of another user. Its test is skipped if that cannot be done. */
    public static OtherPeer ofAnotherUserListeningInPlaceOf(Path path) throws IOException {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
                "only root can start a process of another user");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "setpriv is missing: install util-linux");
        String id = Integer.toString(NOBODY);
        return listening(List.of("setpriv", "--reuid", id, "--regid", id, "--clear-groups"), path);
    }

    private static OtherPeer listening(List<String> through, Path path) throws IOException {
        OtherPeer peer = new OtherPeer(through, "listen", path.toString());
        peer.hear("LISTENING");
        return peer;
    }

    /** Connects to {@code path} as a process of our own user, and says something. */
    public static OtherPeer saying(Path path, byte... words) throws IOException {
        return new OtherPeer(List.of(), "say", path.toString(), HexFormat.of().formatHex(words));
    }

    private void hear(String expected) throws IOException {
        String line = out.readLine();
        if (!expected.equals(line)) {
            throw new AssertionError("expected " + expected + ", heard " + line);
        }
    }

    public long pid() {
        return process.pid();
    }

    /** All that it was told until the end of its connection. */
    public byte[] heard() throws IOException {
        return HexFormat.of().parseHex(out.readLine());
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    public static void main(String[] arguments) throws IOException {
        Path path = Path.of(arguments[1]);
        try (SocketChannel connection = arguments[0].equals("listen")
                ? accept(path)
                : say(path, HexFormat.of().parseHex(arguments[2]))) {
            System.out.println(
                    HexFormat.of().formatHex(Channels.newInputStream(connection).readAllBytes()));
        }
    }

    private static SocketChannel accept(Path path) throws IOException {
        Path own = path.resolveSibling("other");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(own));
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rw-rw-rw-"));
            Files.move(own, path, StandardCopyOption.ATOMIC_MOVE);
            System.out.println("LISTENING");
            return listener.accept();
        }
    }

    private static SocketChannel say(Path path, byte... words) throws IOException {
        SocketChannel connection = SocketChannel.open(UnixDomainSocketAddress.of(path));
        connection.write(ByteBuffer.wrap(words));
        return connection;
    }
}

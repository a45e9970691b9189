// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test after which this process has sockets or event polls open that it did not have before. */
public final class DescriptorGate implements BeforeEachCallback, AfterEachCallback {
    private Set<String> before = Set.of();

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        // The JDK opens descriptors for the whole process with the first socket of each family.
        SocketChannel.open().close();
        SocketChannel.open(StandardProtocolFamily.UNIX).close();
        new Socket().close();
        before = open();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            Set<String> left = open();
            left.removeAll(before);
            if (!left.isEmpty()) {
                throw new AssertionError("left open: " + left + kernelLines(left));
            }
        });
    }

    /** What the kernel tells about these sockets: addresses, state, queues. */
    private static String kernelLines(Set<String> descriptors) throws IOException {
        StringBuilder text = new StringBuilder();
        for (String table : List.of("tcp", "tcp6", "unix")) {
            for (String line : Files.readAllLines(Path.of("/proc/self/net", table))) {
                for (String descriptor : descriptors) {
                    String inode = descriptor.replaceAll(".*socket:\\[(\\d+)]", "$1");
                    if (List.of(line.trim().split("\\s+")).contains(inode)) {
                        text.append(System.lineSeparator())
                                .append(table)
                                .append(' ')
                                .append(line);
                    }
                }
            }
        }
        return text.toString();
    }

    /** Number and target of each: a number that is used again for another file is seen, too. */
    private static Set<String> open() throws IOException {
        Set<String> open = new TreeSet<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                String target = target(descriptor);
                if (target.startsWith("socket:") || target.startsWith("anon_inode:") || target.startsWith("pipe:")) {
                    open.add(descriptor.getFileName() + " " + target);
                }
            }
        }
        return open;
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return "closed meanwhile";
        }
    }
}

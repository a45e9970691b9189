// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.activation;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.DescriptorGate;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(DescriptorGate.class)
class NonBlockingTest {
    private static final int O_NONBLOCK = 04000;

    @Test
    void shouldMakeABlockingDescriptorNonBlocking(@TempDir Path directory) throws IOException {
        Epoll.ensureAvailability();
        FileDescriptor descriptor =
                FileDescriptor.from(directory.resolve("new file").toFile());
        try {
            assertThat(flags(descriptor) & O_NONBLOCK).isZero();
            NonBlocking.ensure(descriptor.intValue());
            assertThat(flags(descriptor) & O_NONBLOCK).isEqualTo(O_NONBLOCK);
        } finally {
            descriptor.close();
        }
    }

    private static int flags(FileDescriptor descriptor) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + descriptor.intValue()))) {
            if (line.startsWith("flags:")) {
                return Integer.parseInt(line.substring(6).trim(), 8);
            }
        }
        throw new IOException("the kernel shows no flags");
    }
}

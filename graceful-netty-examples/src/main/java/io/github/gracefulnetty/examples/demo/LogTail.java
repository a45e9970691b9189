// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads the lines that are appended to a file, which are ASCII where they matter. Not thread-safe. */
final class LogTail implements AutoCloseable {

    private final SeekableByteChannel file;
    private final ByteBuffer buffer = ByteBuffer.allocate(8192);
    private final StringBuilder rest = new StringBuilder();

    /** Begins with the first line of a file that exists. */
    LogTail(Path path) throws IOException {
        file = Files.newByteChannel(path);
    }

    /** Returns the lines that have been completed since the last call. */
    List<String> newLines() throws IOException {
        List<String> lines = new ArrayList<>();
        while (file.read(buffer.clear()) > 0) {
            rest.append(ISO_8859_1.decode(buffer.flip()));
            int end = rest.indexOf("\n");
            while (end >= 0) {
                lines.add(rest.substring(0, end));
                rest.delete(0, end + 1);
                end = rest.indexOf("\n");
            }
        }
        return lines;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}

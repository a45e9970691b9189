// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** A copy of the examples' jar that is replaced while servers run from it. */
record DeployedJar(Path path) {
    static DeployedJar in(Path directory) throws IOException {
        return new DeployedJar(Files.copy(JavaCommand.jar(), directory.resolve("server.jar")));
    }

    /** Other bytes in the same file: the same inode, which processes have open. */
    void overwrite(byte[] content) throws IOException {
        Files.write(path, content);
    }

    /** Another file by the same name. */
    void replace(byte[] content) throws IOException {
        Path next = Files.write(path.resolveSibling("next.jar"), content);
        Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
    }

    /** The same classes, each of them somewhere else in the file. */
    static byte[] newVersion() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipFile from = new ZipFile(JavaCommand.jar().toFile());
                ZipOutputStream to = new ZipOutputStream(bytes)) {
            to.setLevel(Deflater.BEST_SPEED);
            to.putNextEntry(new ZipEntry("new-version"));
            List<ZipEntry> entries = new ArrayList<>(from.stream().toList());
            Collections.reverse(entries);
            for (ZipEntry entry : entries) {
                to.putNextEntry(new ZipEntry(entry.getName()));
                try (InputStream content = from.getInputStream(entry)) {
                    content.transferTo(to);
                }
            }
        }
        return bytes.toByteArray();
    }

    static byte[] garbage() {
        return "this is no jar\n".repeat(10_000).getBytes(StandardCharsets.US_ASCII);
    }
}

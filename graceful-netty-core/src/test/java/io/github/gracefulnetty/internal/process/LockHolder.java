// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A process that holds a lock on a whole file until its input ends. */
final class LockHolder {
    private LockHolder() {}

    public static void main(String[] arguments) throws IOException {
        try (FileChannel file = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            System.out.println(lock.isValid() ? "LOCKED" : "NOT LOCKED");
            System.out.flush();
            while (System.in.read() >= 0) {}
        }
    }
}

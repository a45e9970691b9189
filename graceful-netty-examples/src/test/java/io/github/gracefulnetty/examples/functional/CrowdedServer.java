// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.examples.Main;
import io.github.gracefulnetty.internal.upgrade.Preload;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The examples' command line, in a process that fills what it may have for classes when its test says so, keeps it full, and
 * makes room again. Arguments: the directory of the steps, then those of {@link Main}. Its successors are the same.
 */
final class CrowdedServer {
    /** What is thrown then. */
    static final String FULL = "java.lang.OutOfMemoryError: Metaspace";

    private static final long POLL_MILLIS = 20;

    private CrowdedServer() {}

    static String fill(long pid) {
        return "fill-" + pid;
    }

    static String makeRoom(long pid) {
        return "make-room-" + pid;
    }

    /** What it is filled with. */
    private static final class Filling {
        private Filling() {}
    }

    private static final class Loader extends ClassLoader {
        Loader() {
            super(null);
        }

        Class<?> define(byte[] bytes) {
            return defineClass(null, bytes, 0, bytes.length);
        }
    }

    public static void main(String... arguments) {
        Path directory = Path.of(arguments[0]);
        Thread crowd = new Thread(() -> obey(directory), "crowd");
        crowd.setDaemon(true);
        crowd.start();
        Main.main(Arrays.copyOfRange(arguments, 1, arguments.length));
    }

    private static void obey(Path directory) {
        long pid = ProcessHandle.current().pid();
        Steps steps = new Steps(directory);
        Path makeRoom = directory.resolve(makeRoom(pid));
        String full = "DONE " + fill(pid);
        String room = "DONE " + makeRoom(pid);
        try (InputStream resource = Filling.class.getResourceAsStream("CrowdedServer$Filling.class")) {
            byte[] bytes = resource.readAllBytes();
            List<Class<?>> kept = new ArrayList<>(List.of(new Loader().define(bytes)));
            steps.await(fill(pid));
            Preload.begin(() -> {}).join();
            fill(bytes, kept);
            System.out.println(full);
            while (!Files.exists(makeRoom)) {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
                fill(bytes, kept);
            }
            kept.clear();
            System.gc();
            System.out.println(room);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void fill(byte[] bytes, List<Class<?>> kept) {
        try {
            while (true) {
                kept.add(new Loader().define(bytes));
            }
        } catch (OutOfMemoryError e) {
            // It is full.
        }
    }
}

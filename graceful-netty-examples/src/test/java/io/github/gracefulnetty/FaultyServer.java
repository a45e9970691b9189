// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import io.github.gracefulnetty.examples.Main;
import io.github.gracefulnetty.internal.upgrade.Phases;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The examples' command line, in a process that fails where a test wants it to. The directory in the system property
 * {@code faults} tells: a file there that is named as {@link #point}, and contains what is to be done at that point.
 */
public final class FaultyServer {
    /** The process says so in a file {@code reached}, and goes on when there is a file {@code go}. */
    public static final String WAIT = "wait";

    /** It exits. */
    public static final String EXIT = "exit";

    /** A class that is needed there cannot be loaded any more. */
    public static final String THROW = "throw";

    /** How the message of what is thrown begins. */
    public static final String FAULT = "a fault at ";

    /** Its connections to the other process end, as if it had closed them. */
    public static final String CUT = "cut";

    private static final int POLL_MILLIS = 5;
    private static final String CONNECTED = "03";
    private static final Pattern SOCKET = Pattern.compile("socket:\\[(\\d+)]");

    /** What is no change of state: a descriptor is looked at, before it is sent, or when it has arrived. */
    public static final String DESCRIPTOR = "DESCRIPTOR";

    private static volatile @Nullable FaultyServer running;

    private final Path directory;
    private volatile String state = "";

    private FaultyServer(Path directory) {
        this.directory = directory;
    }

    public static void main(String... arguments) {
        FaultyServer server = new FaultyServer(Path.of(System.getProperty("faults")));
        Phases.watch(server::changes);
        running = server;
        Thread exits = new Thread(server::exitWhenTold, "exits-when-told");
        exits.setDaemon(true);
        exits.start();
        Main.main(arguments);
    }

    /** Whether this process is one of those. */
    static boolean isRunning() {
        return running != null;
    }

    /** A descriptor is about to be looked at, or was. */
    static void descriptor(boolean after) {
        FaultyServer server = running;
        if (server != null) {
            server.at(point(server.state, DESCRIPTOR, after));
        }
    }

    private void changes(String from, Phases.Event event, boolean after) {
        at(point(from, event.name(), after));
        if (after) {
            state = Phases.table().stream()
                    .filter(row -> row.from().equals(from) && row.event() == event)
                    .map(Phases.Row::to)
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** The name of a point in the life of a process. */
    public static String point(String from, String event, boolean after) {
        return from + "-" + event + (after ? "-after" : "-before");
    }

    /** The file that makes a process exit, whatever it is doing. */
    public static String exit(long pid) {
        return "exit-" + pid;
    }

    private void at(String point) {
        try {
            Path armed = directory.resolve(point);
            if (!Files.exists(armed)) {
                return;
            }
            String action = Files.readString(armed);
            Files.delete(armed);
            switch (action) {
                case WAIT -> {
                    reached();
                    await(directory.resolve("go"));
                }
                case EXIT -> {
                    reached();
                    System.exit(0);
                }
                case THROW -> {
                    reached();
                    throw new NoClassDefFoundError(FAULT + point);
                }
                case CUT -> {
                    cut();
                    reached();
                }
                default -> throw new IllegalArgumentException(action);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void reached() throws IOException {
        Files.createFile(directory.resolve("reached"));
    }

    private void exitWhenTold() {
        await(directory.resolve(exit(ProcessHandle.current().pid())));
        System.exit(0);
    }

    private static void await(Path file) {
        while (!Files.exists(file)) {
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Ends all connected unix stream sockets of this process: a JVM has no others. */
    private static void cut() throws IOException {
        List<String> connected = new ArrayList<>();
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/net/unix"))) {
            lines.skip(1).map(line -> line.trim().split("\\s+", 0)).forEach(fields -> {
                if (fields[5].equals(CONNECTED)) {
                    connected.add(fields[6]);
                }
            });
        }
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                if (connected.contains(inode(descriptor))) {
                    new Socket(Integer.parseInt(descriptor.getFileName().toString())).shutdown();
                }
            }
        }
    }

    private static String inode(Path descriptor) {
        try {
            Matcher socket = SOCKET.matcher(Files.readSymbolicLink(descriptor).toString());
            return socket.matches() ? socket.group(1) : "";
        } catch (IOException e) {
            return ""; // closed meanwhile
        }
    }
}

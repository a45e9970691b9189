// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the kernel tells about a process, in {@code /proc}, and signals to it. What has ended has nothing of anything. */
public final class Proc {
    /** In {@code /proc/PID/fdinfo}, {@code flags} is octal. */
    static final int O_NONBLOCK = 04000;

    private static final int SOCK_DGRAM = 2;

    private static final Path ROOT = Path.of("/proc");
    private static final Pattern SOCKET = Pattern.compile("socket:\\[(\\d+)]");
    private static final Pattern NUMBERED = Pattern.compile("(pipe|anon_inode|socket):\\[?(\\w*)]?.*");

    private Proc() {}

    /** Sends a signal, named without SIG. */
    public static void signal(String name, long pid) {
        run("kill", "-" + name, Long.toString(pid));
    }

    /** The bytes that a JVM uses of its heap, after a collection of all that it does not need. */
    static long liveHeap(long pid) {
        Path jcmd = JavaCommand.java().resolveSibling("jcmd");
        String histogram = run(jcmd.toString(), Long.toString(pid), "GC.class_histogram");
        String total = histogram.lines().reduce("", (one, next) -> next); // "Total <objects> <bytes>"
        return Long.parseLong(total.trim().split("\\s+", 0)[2]);
    }

    /** Runs a helper program to its end, which has to be a good one; returns what it writes. */
    public static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            int status = process.waitFor();
            if (status != 0) {
                throw new AssertionError(String.join(" ", command) + ": status " + status + ": " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Whether this process was started with HUP, INT or TERM ignored. */
    static boolean ignoresTerminatingSignals() {
        long terminating = 1L << (1 - 1) | 1L << (2 - 1) | 1L << (15 - 1);
        return text(ProcessHandle.current().pid(), "status")
                .lines()
                .filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).trim(), 16) & terminating) != 0);
    }

    /** Whether it runs; a zombie does not. */
    public static boolean isAlive(long pid) {
        return isAlive(stat(pid));
    }

    private static boolean isAlive(Stat stat) {
        return stat.state != 'Z' && stat.state != 'X' && stat.state != ' ';
    }

    /** The children of a process that run. */
    static List<Long> children(long pid) {
        return all().stream()
                .filter(each -> stat(each).parent == pid && isAlive(each))
                .toList();
    }

    /** The children of a process that have ended and were not waited for. */
    static List<Long> zombies(long pid) {
        return all().stream()
                .filter(each -> {
                    Stat stat = stat(each);
                    return stat.parent == pid && stat.state == 'Z';
                })
                .toList();
    }

    /** The processes with a variable in their environment. */
    static List<Long> withVariable(String name, String value) {
        return all().stream()
                .filter(pid -> value.equals(environment(pid).get(name)) && isAlive(pid))
                .toList();
    }

    /** The environment that a process was started with, one char for each byte. */
    static Map<String, String> environment(long pid) {
        Map<String, String> variables = new TreeMap<>();
        for (String entry : new String(bytes(pid, "environ"), ISO_8859_1).split("\0", 0)) {
            int equals = entry.indexOf('=');
            if (equals > 0) {
                variables.put(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        return variables;
    }

    /** The arguments of a process, from its name on, one char for each byte. */
    static List<String> commandLine(long pid) {
        String all = new String(bytes(pid, "cmdline"), ISO_8859_1);
        return all.isEmpty()
                ? List.of()
                : List.of(all.substring(0, all.length() - 1).split("\0", -1));
    }

    /** Where a process works, as what tells directories apart: a test may not have the charset for its name. */
    static Object workingDirectory(long pid) {
        try {
            return Files.readAttributes(ROOT.resolve(Long.toString(pid)).resolve("cwd"), BasicFileAttributes.class)
                    .fileKey();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The names of the threads, in alphabetical order. */
    static List<String> threads(long pid) {
        return list(pid, "task").stream()
                .map(thread ->
                        text(pid, "task/" + thread.getFileName() + "/comm").trim())
                .filter(name -> !name.isEmpty())
                .sorted()
                .toList();
    }

    /** Open descriptors, and what they lead to. */
    static Map<Integer, String> descriptors(long pid) {
        Map<Integer, String> descriptors = new TreeMap<>();
        for (Path descriptor : list(pid, "fd")) {
            try {
                descriptors.put(
                        Integer.parseInt(descriptor.getFileName().toString()),
                        Files.readSymbolicLink(descriptor).toString());
            } catch (IOException e) {
                // closed meanwhile
            }
        }
        return descriptors;
    }

    /** What the open descriptors are, without what is different for each process, in alphabetical order. */
    static List<String> descriptorKinds(long pid) {
        Map<Long, String> sockets = sockets(pid);
        return descriptors(pid).values().stream()
                .map(target -> {
                    Matcher socket = SOCKET.matcher(target);
                    if (socket.matches()) {
                        return sockets.getOrDefault(Long.parseLong(socket.group(1)), "socket of no network");
                    }
                    Matcher numbered = NUMBERED.matcher(target);
                    return numbered.matches()
                            ? numbered.group(1) + (target.startsWith("anon") ? " " + numbered.group(2) : "")
                            : target;
                })
                .sorted()
                .toList();
    }

    /** The descriptors of listeners, TCP and unix, with the inode that tells one listener from another. */
    static Map<Integer, Long> listeners(long pid) {
        return listeners(pid, "");
    }

    /** The same without unix listeners: for an upgrade, the library opens some of its own for a moment. */
    static Map<Integer, Long> tcpListeners(long pid) {
        return listeners(pid, "tcp");
    }

    private static Map<Integer, Long> listeners(long pid, String protocol) {
        Map<Long, String> sockets = sockets(pid);
        Map<Integer, Long> listeners = new TreeMap<>();
        descriptors(pid).forEach((descriptor, target) -> {
            Matcher socket = SOCKET.matcher(target);
            if (socket.matches()) {
                long inode = Long.parseLong(socket.group(1));
                String what = sockets.getOrDefault(inode, "");
                if (what.startsWith(protocol) && what.endsWith("listener")) {
                    listeners.put(descriptor, inode);
                }
            }
        });
        return listeners;
    }

    /** The flags of an open file, as of fcntl(F_GETFL). */
    static int flags(long pid, int descriptor) {
        for (String line : text(pid, "fdinfo/" + descriptor).split("\n", 0)) {
            if (line.startsWith("flags:")) {
                return Integer.parseInt(line.substring("flags:".length()).trim(), 8);
            }
        }
        throw new AssertionError("process " + pid + " has no descriptor " + descriptor);
    }

    private static Map<Long, String> sockets(long pid) {
        Map<Long, String> sockets = new TreeMap<>();
        for (String protocol : List.of("tcp", "tcp6", "udp", "udp6")) {
            text(pid, "net/" + protocol).lines().skip(1).forEach(line -> {
                String[] fields = line.trim().split("\\s+", 0);
                sockets.put(Long.parseLong(fields[9]), protocol + (fields[3].equals("0A") ? " listener" : ""));
            });
        }
        text(pid, "net/unix").lines().skip(1).forEach(line -> {
            String[] fields = line.trim().split("\\s+", 0);
            boolean listens = (Integer.parseInt(fields[3], 16) & 0x10000) != 0;
            boolean datagram = Integer.parseInt(fields[4], 16) == SOCK_DGRAM;
            sockets.put(
                    Long.parseLong(fields[6]), "unix" + (listens ? " listener" : "") + (datagram ? " datagram" : ""));
        });
        return sockets;
    }

    /** Stops it, until it gets CONT. Returns when no thread of it runs any more: the signal takes its time. */
    static void stop(long pid) {
        signal("STOP", pid);
        Await.until(
                "process " + pid + " is stopped",
                () -> list(pid, "task").stream()
                        .allMatch(thread -> stat(pid, "task/" + thread.getFileName() + "/stat").state == 'T'));
    }

    private record Stat(char state, long parent) {}

    private static Stat stat(long pid) {
        return stat(pid, "stat");
    }

    private static Stat stat(long pid, String file) {
        String text = text(pid, file);
        if (text.isEmpty()) {
            return new Stat(' ', 0);
        }
        String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", 0); // the name may contain anything
        return new Stat(fields[0].charAt(0), Long.parseLong(fields[1]));
    }

    private static List<Long> all() {
        return list(ROOT).stream()
                .map(path -> path.getFileName().toString())
                .filter(name -> name.chars().allMatch(Character::isDigit))
                .map(Long::parseLong)
                .toList();
    }

    private static List<Path> list(long pid, String name) {
        return list(ROOT.resolve(Long.toString(pid)).resolve(name));
    }

    private static List<Path> list(Path directory) {
        List<Path> paths = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(paths::add);
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return paths;
    }

    private static String text(long pid, String name) {
        return new String(bytes(pid, name), UTF_8);
    }

    /** Nothing of a process that has ended, whatever the kernel calls that just then. */
    private static byte[] bytes(long pid, String name) {
        try {
            return Files.readAllBytes(ROOT.resolve(Long.toString(pid)).resolve(name));
        } catch (IOException e) {
            return new byte[0];
        }
    }

    /** The processes, one line each, for people. */
    static String describe(List<Long> pids) {
        return String.join(
                "\n",
                pids.stream()
                        .map(pid -> pid + " (" + stat(pid).state + "): "
                                + Arrays.toString(text(pid, "cmdline")
                                        .replaceAll("\0", " ")
                                        .split("\n", 0)))
                        .toList());
    }
}

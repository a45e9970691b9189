// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a process was started from: its jars, its directory and its Java. Tells, in the middle of a deployment, what has been
 * changed under its feet.
 */
public final class Deployment {
    private static final Path DIRECTORY = Path.of("/proc/self/cwd");
    private static final String DELETED = " (deleted)";

    /** Tells a successor the directory that its first predecessor was started in: it may lead elsewhere by now. */
    private static final String STARTED_IN = "GRACEFUL_NETTY_STARTED_IN";

    /** How many jars are noted while somebody waits for this process, and may wait for a slow disk. */
    private static final int AT_ONCE = 16;

    /** How many jars are looked after that are not on the class path itself. */
    private static final int MOST = 1_000;

    /** How many jars are opened to see which others they need. */
    private static final int MOST_OPENED = 100;

    private static @Nullable Deployment ofThisProcess;

    /** A file as it was found; {@code inode} is compared only. */
    private record Found(Object inode, long size, long modifiedMillis) {
        boolean isOverwrittenBy(Found now) {
            return Objects.equals(inode, now.inode) && (size != now.size || modifiedMillis != now.modifiedMillis);
        }
    }

    private final Map<Path, Found> jars = Collections.synchronizedMap(new LinkedHashMap<>());
    private final String startedIn;

    /** @param startedIn what led to the directory of this process when it was started; empty if that is not known */
    Deployment(String startedIn) {
        this.startedIn = startedIn;
    }

    /** The one of this process. The first who asks has its directory noted, and some jars of its class path. */
    public static synchronized Deployment ofThisProcess() {
        Deployment deployment = ofThisProcess;
        if (deployment == null) {
            deployment = new Deployment(startedIn(System.getenv("PWD"), System.getenv(STARTED_IN), DIRECTORY));
            deployment.note(classPath(AT_ONCE));
            ofThisProcess = deployment;
        }
        return deployment;
    }

    /**
     * Shells say in {@code PWD} where they start a process; who starts one in another directory need not have changed it.
     *
     * @param named by the environment
     * @param told by the predecessor
     * @return {@code named} if it leads to {@code directory}, or did when the first predecessor was started; else empty
     */
    static String startedIn(@Nullable String named, @Nullable String told, Path directory) {
        if (named == null || named.isEmpty()) {
            return "";
        }
        try {
            return named.equals(told) || Files.isSameFile(Path.of(named), directory) ? named : "";
        } catch (IOException | InvalidPathException e) {
            return "";
        }
    }

    /** For a successor, which is started in the same directory. */
    public void putInto(Map<String, String> environment) {
        if (startedIn.isEmpty()) {
            environment.remove(STARTED_IN);
        } else {
            environment.put(STARTED_IN, startedIn);
        }
    }

    /** Notes all jars that this process may run from, but for those that were noted before. Opens some. On any thread. */
    public void noteAll() {
        List<Path> classPath = classPath(Integer.MAX_VALUE);
        note(classPath);
        note(Jars.ofModulePath(System.getProperty("jdk.module.path", ""), MOST));
        note(Jars.namedBy(classPath, MOST_OPENED, MOST));
    }

    private static List<Path> classPath(int most) {
        return Jars.ofClassPath(System.getProperty("java.class.path", ""), most);
    }

    /** Notes jars as they are now, unless they were noted before: what is no file is not looked after. */
    void note(Collection<Path> files) {
        for (Path file : files) {
            if (!jars.containsKey(file)) {
                Found found = find(file);
                if (found != null) {
                    jars.putIfAbsent(file, found);
                }
            }
        }
    }

    private static @Nullable Found find(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return attributes.isRegularFile()
                    ? new Found(
                            Objects.requireNonNullElse(attributes.fileKey(), file),
                            attributes.size(),
                            attributes.lastModifiedTime().toMillis())
                    : null;
        } catch (IOException e) {
            return null;
        }
    }

    /** What a successor that this process starts may suffer from, each in a sentence with what to do. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        Map<Path, Found> noted;
        synchronized (jars) {
            noted = new LinkedHashMap<>(jars);
        }
        for (Map.Entry<Path, Found> entry : noted.entrySet()) {
            Path jar = entry.getKey();
            Found now = find(jar);
            if (now == null) {
                problems.add(
                        jar + " is not there any more, and this process runs from it: a successor that needs it will"
                                + " not start");
            } else if (entry.getValue().isOverwrittenBy(now)) {
                problems.add(jar + " was overwritten while this process runs from it: put new versions in place by"
                        + " renaming");
            }
        }
        addDirectory(problems);
        return problems;
    }

    private void addDirectory(List<String> problems) {
        String directory;
        try {
            directory = Files.readSymbolicLink(DIRECTORY).toString();
        } catch (IOException e) {
            return; // this system does not tell
        }
        if (directory.endsWith(DELETED)) {
            problems.add("the directory that this process works in was deleted ("
                    + directory.substring(0, directory.length() - DELETED.length())
                    + "): relative paths of the command line lead nowhere; start a second copy in the new directory, it"
                    + " takes over by the handoff path");
            return;
        }
        if (startedIn.isEmpty()) {
            return;
        }
        try {
            Path leadsTo = Path.of(startedIn).toRealPath();
            if (!leadsTo.toString().equals(directory)) {
                problems.add("the directory " + startedIn + ", where this process was started, leads to " + leadsTo
                        + " by now, but the successor"
                        + " is started where this process works, in " + directory
                        + ": with relative paths it is the old"
                        + " version; use absolute ones, or start a second copy in " + startedIn);
            }
        } catch (IOException e) {
            problems.add("the directory " + startedIn
                    + ", where this process was started, is not there any more: the successor is started in "
                    + directory);
        }
    }

    /** Why a process cannot be started, as far as the Java of this one is the reason; otherwise what {@code failure} says. */
    public static IOException explain(IOException failure) {
        Path java = Path.of(System.getProperty("java.home"));
        boolean broken = String.valueOf(failure.getMessage()).contains("spawn helper") || !Files.isDirectory(java);
        return broken
                ? new IOException(
                        "the Java that this process runs on (" + java
                                + ") was updated or removed, so that this process can"
                                + " start none any more; a second copy that is started by somebody else can take over by"
                                + " the handoff path (" + failure.getMessage() + ")",
                        failure)
                : failure;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which files classes are loaded from. What is not there, or cannot be read, is left out, and so is what is too much. */
final class Jars {
    private Jars() {}

    /** The first entries of a class path, jars and whatever else, without looking at them. Without what is slow at first. */
    static List<Path> ofClassPath(String classPath, int most) {
        List<Path> entries = new ArrayList<>();
        for (int start = 0, end; start <= classPath.length() && entries.size() < most; start = end + 1) {
            int separator = classPath.indexOf(File.pathSeparatorChar, start);
            end = separator < 0 ? classPath.length() : separator;
            if (end > start) {
                add(classPath.substring(start, end), entries);
            }
        }
        return entries;
    }

    private static void add(String entry, List<Path> entries) {
        try {
            entries.add(Path.of(entry).toAbsolutePath());
        } catch (InvalidPathException e) {
            LOGGER.debug("graceful-netty: '{}' of the class path is not looked after: {}", entry, e.toString());
        }
    }

    /** The entries of a module path that are no directories, and the jars in those that are. */
    static Set<Path> ofModulePath(String modulePath, int most) {
        Set<Path> jars = new LinkedHashSet<>();
        for (Path entry : ofClassPath(modulePath, most)) {
            if (Files.isDirectory(entry)) {
                addAll(entry, jars, most);
            } else if (jars.size() < most) {
                jars.add(entry);
            }
        }
        return jars;
    }

    private static void addAll(Path directory, Set<Path> jars, int most) {
        try (DirectoryStream<Path> inside = Files.newDirectoryStream(directory, "*.jar")) {
            for (Iterator<Path> files = inside.iterator(); jars.size() < most && files.hasNext(); ) {
                jars.add(files.next());
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOGGER.debug("graceful-netty: {} is not looked after: {}", directory, e.toString());
        }
    }

    /**
     * What the manifests of these jars name, and theirs in turn.
     *
     * @param mostOpened how many jars are opened
     * @param most how many are named
     */
    static Set<Path> namedBy(Collection<Path> jars, int mostOpened, int most) {
        Set<Path> named = new LinkedHashSet<>();
        Deque<Path> unread = new ArrayDeque<>(jars);
        int opened = 0;
        for (Path jar; opened < mostOpened && (jar = unread.poll()) != null; ) {
            if (!Files.isRegularFile(jar)) {
                continue;
            }
            opened++;
            for (String entry : classPath(jar)) {
                Path file = resolve(jar, entry);
                if (file != null && named.size() < most && named.add(file)) {
                    unread.add(file);
                }
            }
        }
        return named;
    }

    private static List<String> classPath(Path jar) {
        try (JarFile file = new JarFile(jar.toFile(), false)) {
            Manifest manifest = file.getManifest();
            String value =
                    manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
            return value == null
                    ? List.of()
                    : Stream.of(value.split(" ", -1))
                            .filter(entry -> !entry.isEmpty())
                            .toList();
        } catch (IOException | RuntimeException e) {
            return List.of();
        }
    }

    /** Each of them is a URL, relative to the jar. */
    private static @Nullable Path resolve(Path jar, String entry) {
        try {
            return Path.of(jar.toUri().resolve(entry));
        } catch (RuntimeException e) {
            return null; // on another machine, or no URL
        }
    }
}

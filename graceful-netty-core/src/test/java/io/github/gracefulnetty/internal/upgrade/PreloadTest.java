// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code -Dpreload=document} writes the names of our classes into the resource; all others come from upgrades. */
class PreloadTest {
    private static final Path CLASSES = Path.of("target", "classes");
    private static final Path RESOURCE = Path.of(
            "src", "main", "resources", "io", "github", "gracefulnetty", "internal", "upgrade", Preload.RESOURCE);

    /** To load these has effects that nobody has asked for, or is what the others are waited for by. */
    private static final Set<String> NOT = Set.of(
            "io.github.gracefulnetty.Graceful$ProcessWide", "io.github.gracefulnetty.internal.upgrade.Preload$Done");

    @Test
    void shouldNameEveryClassOfCore() throws IOException {
        Set<String> ours = new TreeSet<>();
        try (Stream<Path> files = Files.walk(CLASSES)) {
            files.map(file -> CLASSES.relativize(file).toString())
                    .filter(name -> name.endsWith(".class") && !name.endsWith("-info.class"))
                    .map(name ->
                            name.substring(0, name.length() - ".class".length()).replace('/', '.'))
                    .filter(name -> !NOT.contains(name))
                    .forEach(ours::add);
        }
        if (System.getProperty("preload", "").equals("document")) {
            Set<String> all = new TreeSet<>(ours);
            Preload.names().stream()
                    .filter(name -> !name.startsWith("io.github.gracefulnetty.")
                            || name.startsWith("io.github.gracefulnetty.epoll."))
                    .forEach(all::add);
            Files.write(RESOURCE, all);
        } else {
            assertThat(Preload.names()).containsAll(ours);
        }
    }

    @Test
    void shouldNameNoClassOfOursThatIsNotThere() throws IOException {
        List<String> gone = Preload.names().stream()
                .filter(name -> name.startsWith("io.github.gracefulnetty."))
                .filter(name -> !name.startsWith("io.github.gracefulnetty.epoll."))
                .filter(name -> !Files.exists(CLASSES.resolve(name.replace('.', '/') + ".class")))
                .toList();
        assertThat(gone).isEmpty();
    }

    @Test
    void shouldLoadThemOnce() {
        CompletableFuture<Void> first = Preload.begin(() -> {
            throw new AssertionError("thrown before classes are loaded: expected in this log");
        });
        assertThat(Preload.begin(() -> {})).isSameAs(first).succeedsWithin(Duration.ofMinutes(1));
    }
}

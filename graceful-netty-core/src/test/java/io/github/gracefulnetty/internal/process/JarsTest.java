// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JarsTest {
    private static final int MANY = 100;

    @TempDir
    Path directory;

    private Path library = Path.of("unset");

    @BeforeEach
    void createLibrary() throws IOException {
        library = Files.createDirectory(directory.resolve("lib"));
    }

    private static Path jar(Path path, String classPath) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        if (!classPath.isEmpty()) {
            manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
        }
        new JarOutputStream(Files.newOutputStream(path), manifest).close();
        return path;
    }

    @Test
    void shouldFindWhatManifestsNameAndThoseInTurn() throws IOException {
        Path last = jar(library.resolve("last.jar"), "../app.jar");
        Path spaced = jar(library.resolve("with space.jar"), "last.jar");
        Path app = jar(directory.resolve("app.jar"), "lib/with%20space.jar " + last.toUri());
        assertThat(Jars.namedBy(List.of(app), MANY, MANY)).containsExactly(spaced, last, app);
    }

    @Test
    void shouldLeaveOutWhatIsNoPath() {
        assertThat(Jars.ofClassPath("no\0path" + java.io.File.pathSeparator + "/app.jar", MANY))
                .containsExactly(Path.of("/app.jar"));
    }

    @Test
    void shouldLeaveOutWhatCannotBeReadOrIsNoFile() throws IOException {
        Path good = jar(library.resolve("good.jar"), "");
        Path app = jar(
                directory.resolve("app.jar"),
                "http://example.com/x.jar  lib/%zz.jar file://host/x.jar lib/[1].jar lib/ lib/good.jar");
        Path broken = Files.writeString(directory.resolve("broken.jar"), "no jar");
        List<Path> jars = List.of(broken, directory, directory.resolve("missing.jar"), app);
        assertThat(Jars.namedBy(jars, 2, MANY)).containsExactly(library, good);
    }

    @Test
    void shouldOpenAndNameNoMoreThanItMay() throws IOException {
        Path third = jar(library.resolve("3.jar"), "");
        Path second = jar(library.resolve("2.jar"), "3.jar");
        Path first = jar(directory.resolve("1.jar"), "lib/2.jar missing.jar");
        Path missing = directory.resolve("missing.jar");
        assertThat(Jars.namedBy(List.of(first), 1, MANY)).containsExactly(second, missing);
        assertThat(Jars.namedBy(List.of(first), 2, MANY)).containsExactly(second, missing, third);
        assertThat(Jars.namedBy(List.of(first), MANY, 2)).containsExactly(second, missing);
    }

    @Test
    void shouldTakeAClassPathAsItIs() {
        Path missing = directory.resolve("missing.jar");
        assertThat(Jars.ofClassPath(library + File.pathSeparator + File.pathSeparator + missing, MANY))
                .containsExactly(library, missing);
        assertThat(Jars.ofClassPath(library + File.pathSeparator + missing, 1)).containsExactly(library);
        assertThat(Jars.ofClassPath("", MANY)).isEmpty();
    }

    @Test
    void shouldFindTheModulesInDirectories() throws IOException {
        Path inside = jar(library.resolve("inside.jar"), "");
        Files.writeString(library.resolve("README"), "no module");
        Path direct = directory.resolve("direct.jar");
        String path = String.join(
                File.pathSeparator,
                library.toString(),
                direct.toString(),
                directory.resolve("missing").toString());
        assertThat(Jars.ofModulePath(path, MANY)).startsWith(inside, direct);
        assertThat(Jars.ofModulePath(path, 1)).containsExactly(inside);
        assertThat(Jars.ofModulePath("", MANY)).isEmpty();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The PID file is made exclusively, replaced atomically, and removed only by the one who wrote it. */
class PidFileTest {
    private static final String OWN = ProcessHandle.current().pid() + "\n";

    @TempDir
    Path directory;

    private Path path;
    private PidFile file;

    @BeforeEach
    void open() {
        path = directory.resolve("app.pid");
        file = new PidFile(path);
    }

    private Path temporary() throws IOException {
        try (var files = Files.list(directory)) {
            return files.filter(each -> each.getFileName().toString().startsWith(".gn-"))
                    .findAny()
                    .orElseThrow();
        }
    }

    @Test
    void shouldBeReadableForEverybodyAndWritableForItsUserOnly() throws IOException {
        file.prepare();
        file.publish();
        assertThat(path).hasContent(OWN);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-r--r--");
        assertThat(file.isOurs()).isTrue();
        file.remove();
        assertThat(directory).isEmptyDirectory();
    }

    /** In two containers, both processes may have the pid 2. */
    @Test
    void shouldLeaveTheFileOfAnotherProcessWithTheSamePidAlone() throws IOException {
        file.publish();
        PidFile others = new PidFile(path);
        others.publish();
        assertThat(path).hasContent(OWN);
        assertThat(file.isOurs()).isFalse();
        file.remove();
        assertThat(path).exists();
        others.remove();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldRememberWhatIsInPlaceWhileTheNextOneIsPrepared() throws IOException {
        file.publish();
        file.prepare();
        assertThat(file.isOurs()).isTrue();
        file.remove();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldReplaceALinkAndNotWriteThroughIt() throws IOException {
        Path victim = Files.writeString(directory.resolve("victim"), "precious");
        Files.createSymbolicLink(path, victim);
        file.prepare();
        file.publish();
        assertThat(victim).hasContent("precious");
        assertThat(path).isRegularFile().hasContent(OWN);
        assertThat(Files.isSymbolicLink(path)).isFalse();
    }

    @Test
    void shouldWriteItAnewWhenSomebodyHasReplacedWhatWasPrepared() throws IOException {
        Path victim = Files.writeString(directory.resolve("victim"), "precious");
        file.prepare();
        Path temporary = temporary();
        Files.delete(temporary);
        Files.createSymbolicLink(temporary, victim);
        file.publish();
        assertThat(path).hasContent(OWN);
        assertThat(Files.isSymbolicLink(path)).isFalse();
        assertThat(temporary).isSymbolicLink();
        assertThat(victim).hasContent("precious");
    }

    @Test
    void shouldRefuseToReplaceADirectory() throws IOException {
        Files.createDirectory(path);
        assertThatThrownBy(file::prepare)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the PID file " + path + " cannot be written")
                .hasMessageContaining("it is a directory");
        Files.delete(path);
        file.prepare();
        Files.createDirectory(path);
        assertThatThrownBy(file::publish).isInstanceOf(IOException.class);
        assertThat(path).isDirectory();
        file.remove();
        Files.delete(path);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldRefuseADirectoryInWhichOthersCouldReplaceIt() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(file::prepare)
                .hasMessageContaining("anybody could replace the PID file: chmod o-w " + directory.toRealPath());
        assertThat(directory).isEmptyDirectory();
    }
}

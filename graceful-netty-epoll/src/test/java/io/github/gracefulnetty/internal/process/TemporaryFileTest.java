// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.DescriptorGate;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What killed processes leave is removed, and nothing else: who lives elsewhere under the same pid keeps what is his. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class TemporaryFileTest {
    private static final String ELSEWHERE = PidNamespace.mark("pid:[4711]", "another host");

    @TempDir
    Path directory;

    private Path target;
    private long dead;

    @BeforeEach
    void open() throws Exception {
        target = directory.resolve("handoff.sock");
        Process process = new ProcessBuilder("true").start();
        process.waitFor();
        dead = process.pid();
    }

    private Path nameOf(String namespace, long pid) {
        return TemporaryFile.nextTo(target, namespace, pid);
    }

    private Path ofDeadProcess() {
        return nameOf(PidNamespace.own(), dead);
    }

    private static Path leaveSocket(Path path) throws IOException {
        Socket socket = Socket.newSocketDomain();
        socket.bind(new DomainSocketAddress(path.toString()));
        socket.close();
        return path;
    }

    private static Path age(Path path) throws IOException {
        Files.setLastModifiedTime(path, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        return path;
    }

    @Test
    void shouldRemoveWhatKilledProcessesHaveLeft() throws Exception {
        leaveSocket(ofDeadProcess());
        Files.writeString(ofDeadProcess(), dead + "\n");
        TemporaryFile.removeOrphans(target);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldLeaveAloneWhatIsNoOrphan() throws Exception {
        leaveSocket(nameOf(PidNamespace.own(), ProcessHandle.current().pid()));
        Files.createFile(directory.resolve(".gn-something-else"));
        Files.createFile(directory.resolve(".gn-" + "?".repeat(13)));
        Files.createSymbolicLink(ofDeadProcess(), target);
        Files.createDirectory(ofDeadProcess());
        Set<Path> before = list();
        TemporaryFile.removeOrphans(target);
        assertThat(list()).isEqualTo(before).hasSize(5);
    }

    @Test
    void shouldLeaveAloneASocketThatSomebodyListensOnUnderAPidThatMeansNothingHere() throws Exception {
        Socket listening = Socket.newSocketDomain();
        try {
            Path inUse = ofDeadProcess();
            listening.bind(new DomainSocketAddress(inUse.toString()));
            listening.listen(1);
            Path elsewhere = nameOf(ELSEWHERE, dead);
            Files.createLink(elsewhere, inUse);
            age(elsewhere);
            TemporaryFile.removeOrphans(target);
            assertThat(inUse).exists();
            assertThat(elsewhere).exists();
        } finally {
            listening.close();
        }
    }

    /** No process of this namespace has that pid; that says nothing about another container. */
    @Test
    void shouldNotTakeAProcessOfAnotherPidNamespaceForDead() throws Exception {
        Path young = Files.writeString(nameOf(ELSEWHERE, dead), dead + "\n");
        Path youngSocket = leaveSocket(nameOf(ELSEWHERE, dead));
        Path old = age(Files.writeString(nameOf(ELSEWHERE, dead), dead + "\n"));
        Path oldSocket = age(leaveSocket(nameOf(ELSEWHERE, dead)));
        TemporaryFile.removeOrphans(target);
        assertThat(young).exists();
        assertThat(youngSocket).exists();
        assertThat(old).doesNotExist();
        assertThat(oldSocket).doesNotExist();
    }

    @Test
    void shouldGiveNamesThatCannotBeGuessedAndAreShort() {
        Set<Path> names = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            names.add(TemporaryFile.nextTo(target));
        }
        assertThat(names).hasSize(1_000).allSatisfy(name -> {
            assertThat(name.getParent()).isEqualTo(directory);
            assertThat(name.getFileName().toString()).hasSize(TemporaryFile.MAX_LENGTH);
        });
        assertThat(TemporaryFile.MAX_LENGTH).isLessThan(20);
    }

    private Set<Path> list() throws IOException {
        try (var files = Files.list(directory)) {
            Set<Path> all = new HashSet<>();
            files.filter(file -> Files.exists(file, LinkOption.NOFOLLOW_LINKS)).forEach(all::add);
            return all;
        }
    }
}

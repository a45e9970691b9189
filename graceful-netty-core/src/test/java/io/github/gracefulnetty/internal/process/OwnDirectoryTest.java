// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory is used only if nobody else can replace what is put there. */
class OwnDirectoryTest {
    private static final int NOBODY = 65_534;

    private static final Accounts DEBIAN = new Accounts(
            List.of(
                    "root:x:0:0:root:/root:/bin/bash",
                    "sync:x:4:65534:sync:/bin:/bin/sync",
                    "alice:x:1000:1000:Alice,,,:/home/alice:/bin/bash",
                    "bob:x:1001:1001::/home/bob:/bin/bash",
                    "carol:x:1002:100::/home/carol:/bin/bash",
                    "no user"),
            List.of(
                    "root:x:0:",
                    "users:x:100:alice",
                    "alice:x:1000:",
                    "bob:x:1001:bob,alice",
                    "www-data:x:33:",
                    "no group"));

    @TempDir
    Path directory;

    private void mode(int mode) throws IOException {
        Files.setAttribute(directory, "unix:mode", mode);
    }

    private void check() throws IOException {
        OwnDirectory.check(directory, "socket");
    }

    @Test
    void shouldAllowWhatOnlyItsOwnerMayWriteOrIsSticky() throws IOException {
        for (int mode : new int[] {0700, 0755, 01777, 01770}) {
            mode(mode);
            assertThatCode(this::check).as(Integer.toOctalString(mode)).doesNotThrowAnyException();
        }
    }

    @Test
    void shouldRefuseWhatEverybodyMayWriteAndSayWhatToDo() throws IOException {
        mode(0707);
        assertThatThrownBy(this::check)
                .hasMessage("others may write to the directory " + directory
                        + " and it is not sticky, so anybody could replace the socket: chmod o-w "
                        + directory.toRealPath());
    }

    @Test
    void shouldRefuseWhatAnotherGroupMayWriteAndSayWhatToDo() throws IOException {
        assumeTrue(OwnUid.get() == 0, "only root can give a directory to any group");
        Files.setAttribute(directory, "unix:gid", NOBODY);
        mode(0770);
        assertThatThrownBy(this::check)
                .hasMessageStartingWith("a group may write to the directory " + directory)
                .hasMessageEndingWith("chmod g-w " + directory.toRealPath());
        mode(01770);
        assertThatCode(this::check).doesNotThrowAnyException();
    }

    @Test
    void shouldLookThroughALink() throws IOException {
        Path open = Files.createDirectory(directory.resolve("open"));
        Files.setAttribute(open, "unix:mode", 0777);
        Path link = Files.createSymbolicLink(directory.resolve("link"), open);
        assertThatThrownBy(() -> OwnDirectory.check(link, "socket"))
                .hasMessageEndingWith("chmod o-w " + open.toRealPath());
    }

    @Test
    void shouldTakeAGroupWithTheNameOfTheUserAndNoOtherMemberForTheUsersOwn() {
        assertThat(DEBIAN.whoElseIsIn(1000, 1000)).isEmpty();
        assertThat(DEBIAN.whoElseIsIn(0, 0)).isEmpty();
        Accounts fedora = new Accounts(List.of("alice:x:1000:1000::/:"), List.of("alice:x:1000:alice"));
        assertThat(fedora.whoElseIsIn(1000, 1000)).isEmpty();
    }

    @Test
    void shouldTakeNoOtherGroupForTheUsersOwn() {
        assertThat(DEBIAN.whoElseIsIn(1001, 1001)).isEqualTo("group 1001 has alice");
        assertThat(DEBIAN.whoElseIsIn(100, 1000)).isEqualTo("group 100 has carol");
        assertThat(DEBIAN.whoElseIsIn(100, 1002)).isEqualTo("group 100 has alice");
        assertThat(DEBIAN.whoElseIsIn(1000, 0)).isEqualTo("group 1000 has alice");
        assertThat(DEBIAN.whoElseIsIn(33, 0)).isEqualTo("group 33 is not known to be the own group of uid 0");
        assertThat(DEBIAN.whoElseIsIn(4711, 1000)).isEqualTo("group 4711 is not known to be the own group of uid 1000");
        assertThat(DEBIAN.whoElseIsIn(1000, 4711)).isEqualTo("group 1000 has alice");
        assertThat(new Accounts(List.of(), List.of()).whoElseIsIn(1000, 1000)).isNotEmpty();
        Accounts another = new Accounts(List.of("alice:x:1000:1000::/:"), List.of("staff:x:1000:"));
        assertThat(another.whoElseIsIn(1000, 1000)).isNotEmpty();
        Accounts twice = new Accounts(List.of("a:x:5:5::/:"), List.of("a:x:5:", "b:x:5:"));
        assertThat(twice.whoElseIsIn(5, 5)).isNotEmpty();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(DescriptorGate.class)
class PreparationTest {
    @TempDir
    Path directory;

    @Test
    void shouldGiveWhatWasBegunToTheFirstWhoAsksAndNewOnesToOthers() {
        Preparation.beginNow();
        Preparation.beginNow();
        Preparation first = Preparation.take();
        Preparation second = Preparation.take();
        assertThat(first.found().transport()).isNotNull();
        assertThat(first.control()).isNotSameAs(second.control());
        for (Preparation preparation : new Preparation[] {first, second}) {
            preparation.control().execute(preparation.control()::shutDown);
            await().until(preparation.control().loop()::isTerminated);
        }
    }

    @Test
    void shouldDoNothingInAProcessWithoutAPredecessor() {
        Graceful.prepare();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("graceful-netty-prepare");
    }

    @Test
    void shouldServeWithWhatWasPrepared() throws Exception {
        Preparation.beginNow();
        try (Greeter greeter = new Greeter("prepared", Graceful.builder())) {
            InetSocketAddress address = (InetSocketAddress)
                    greeter.bind(new InetSocketAddress("127.0.0.1", 0)).localAddress();
            greeter.graceful.ready().join();
            assertThat(Greeter.ask(address)).isEqualTo("prepared");
        }
    }

    @Test
    void shouldRehearseAnUpgradeAtAPrivatePathAndLeaveNothing() throws Exception {
        Set<Path> before = privateDirectories();
        try (Greeter greeter = new Greeter("rehearsing", Graceful.builder())) {
            rehearse(greeter);
            assertThat(privateDirectories()).isEqualTo(before);
        }
    }

    @Test
    void shouldRehearseAnUpgradeAtTheHandoffPathAndServeOn() throws Exception {
        Path path = directory.resolve("handoff.sock");
        try (Greeter old = new Greeter("old", Graceful.builder().handoffPath(path))) {
            InetSocketAddress address = (InetSocketAddress)
                    old.bind(new InetSocketAddress("127.0.0.1", 0)).localAddress();
            rehearse(old);
            assertThat(path).exists();
            try (Greeter young = new Greeter("young", Graceful.builder().handoffPath(path))) {
                young.bind(address);
                young.graceful.ready().join();
                old.graceful.awaitExit();
                assertThat(Greeter.ask(address)).isEqualTo("young");
            }
        }
    }

    /** Until the rehearsal is over, which it is when its connection has been closed by the other side. */
    private static void rehearse(Greeter greeter) {
        greeter.graceful.ready().join();
        assertThat(greeter.graceful.runtime().rehearseNow().join()).isTrue();
    }

    private static Set<Path> privateDirectories() throws IOException {
        Set<Path> found = new TreeSet<>();
        try (DirectoryStream<Path> entries =
                Files.newDirectoryStream(Path.of(System.getProperty("java.io.tmpdir")), "graceful-netty-*")) {
            entries.forEach(found::add);
        }
        return found;
    }
}

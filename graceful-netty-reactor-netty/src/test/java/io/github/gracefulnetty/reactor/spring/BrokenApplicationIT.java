// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import static io.github.gracefulnetty.FaultyServer.FAULT;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.functional.JavaCommand;
import io.github.gracefulnetty.examples.functional.RunningProcess;
import io.github.gracefulnetty.examples.functional.ServerGeneration;
import io.github.gracefulnetty.examples.functional.TestProcesses;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Applications of Spring that fail to start, or to end. */
class BrokenApplicationIT {
    private static final int TERMINATED = 128 + 15;
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    private static final String CAUSE = "its application failed: " + FAULT + "start: no database at db:5432";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private Path down;

    @BeforeEach
    void nameTheFile() {
        down = directory.resolve("down");
    }

    @Test
    void shouldTellThePredecessorWhyItsSuccessorCannotStart() throws Exception {
        RunningProcess server = start();
        ServerGeneration first = server.awaitReady(1);
        Files.createFile(down);
        first.hup();
        assertReason(server);
        assertThat(upgrade(first)).contains(CAUSE);
        Files.delete(down);
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        first.awaitEnd();
        second.term();
        second.awaitEnd();
    }

    @Test
    void shouldTellThePredecessorWhyASecondCopyCannotStart() throws Exception {
        RunningProcess server = start();
        ServerGeneration first = server.awaitReady(1);
        Files.createFile(down);
        RunningProcess copy = start();
        assertThat(copy.awaitExit()).as(copy::report).isEqualTo(1);
        copy.out().await("no database at db:5432");
        assertReason(server);
        assertThat(server.isAlive()).isTrue();
        first.term();
        assertThat(server.awaitExit()).as(server::report).isEqualTo(TERMINATED);
    }

    @Test
    void shouldEndOnTermAlthoughItsDrainBlocksForEver() {
        RunningProcess server = start("--blocked=true", "--graceful-netty.drain-timeout=1s");
        ServerGeneration first = server.awaitReady(1);
        first.term();
        server.out().await("BLOCKED");
        assertThat(server.awaitExit()).as(server::report).isEqualTo(TERMINATED);
        assertThat(server.out().count("drained 0 connections"))
                .as(server::report)
                .isEqualTo(1);
    }

    private static void assertReason(RunningProcess server) {
        assertThat(server.out().await("upgrade 1->2 failed")).as(server::report).contains(CAUSE);
    }

    private static String upgrade(ServerGeneration server) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + server.address().getPort() + "/upgrade");
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private RunningProcess start(String... more) {
        List<String> options = new ArrayList<>(List.of(
                "--server.port=0",
                "--down=" + down,
                "--graceful-netty.handoff-path=" + directory.resolve("handoff.sock")));
        options.addAll(List.of(more));
        return processes.start(
                JavaCommand.classPath(CLASS_PATH, BrokenApplication.class, options.toArray(String[]::new)));
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.Main;
import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What deployments do to the files of a server that runs costs no client anything, and the server tells of it. */
@Tag("once")
class DeployIT {
    private static final String OVERWRITTEN =
            "was overwritten while this process runs from it: put new versions in place by renaming";
    private static final String SERVES_ON = ", this process serves on: ";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    private ClassLog classes = new ClassLog(Path.of("unset"));
    private DeployedJar jar = new DeployedJar(Path.of("unset"));

    @BeforeEach
    void prepare() throws IOException {
        directory = directory.toRealPath();
        classes = new ClassLog(Files.createDirectory(directory.resolve("classes")));
        jar = DeployedJar.in(directory);
    }

    @Test
    void shouldUpgradeToAJarThatWasWrittenOverTheOneThatItRunsFromAndWarn() throws IOException {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            classes.awaitPreloaded(first);
            jar.overwrite(DeployedJar.newVersion());
            assertUpgrades(server, first, client);
        }
        server.err().await(jar.path() + " " + OVERWRITTEN);
    }

    @Test
    void shouldServeOnWhenItsJarWasOverwrittenWithGarbageUntilThereIsAGoodOne() throws IOException {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            classes.awaitPreloaded(first);
            jar.overwrite(DeployedJar.garbage());
            first.hup();
            String failure = server.err().await(SERVES_ON);
            assertThat(failure).containsPattern("successor pid \\d+ exited with status 1");
            assertThat(server.err().count(OVERWRITTEN)).isEqualTo(1);
            jar.replace(DeployedJar.newVersion());
            assertUpgrades(server, first, client);
        }
    }

    @Test
    void shouldStopWhenItsJarWasOverwrittenWithGarbage() throws IOException {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            classes.awaitPreloaded(first);
            jar.overwrite(DeployedJar.garbage());
            assertClean(client.stop());
        }
        first.term();
        assertThat(server.awaitExit()).as(server::report).isZero();
    }

    @Test
    void shouldUpgradeToAJarThatWasRenamedIntoPlaceWithoutAWarning() throws IOException {
        RunningProcess server = processes.start(command());
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            classes.awaitPreloaded(first);
            jar.replace(DeployedJar.newVersion());
            assertUpgrades(server, first, client);
        }
        assertThat(server.err().text()).as(server::report).doesNotContain("overwritten", "WARN");
    }

    @Test
    void shouldTellThatItsDirectoryWasDeletedAndLetASecondCopyTakeOver() throws IOException {
        Path work = Files.createDirectory(directory.resolve("work"));
        int port = FreePort.find();
        RunningProcess server = processes.start(command(port).in(work).withoutEnvironment("PWD"));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            Files.delete(work);
            first.hup();
            server.err().await("the directory that this process works in was deleted (" + work + ")");
            server.err().await(SERVES_ON);
            ServerGeneration second = processes.start(command(port)).awaitReady(2);
            awaitAnswers(client, second);
            assertThat(server.awaitExit()).as(server::report).isZero();
            assertClean(client.stop());
        }
    }

    @Test
    void shouldTellThatTheDirectoryItWasStartedInLeadsElsewhereByNow() throws IOException {
        Path before = Files.createDirectory(directory.resolve("v1"));
        Path now = Files.createDirectory(directory.resolve("v2"));
        Path current = Files.createSymbolicLink(directory.resolve("current"), before);
        RunningProcess server = processes.start(command().in(current).environment("PWD", current.toString()));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            Path link = Files.createSymbolicLink(directory.resolve("next"), now);
            Files.move(link, current, StandardCopyOption.ATOMIC_MOVE);
            first.hup();
            ServerGeneration second = server.awaitReady(2);
            first.awaitEnd();
            assertUpgrades(server, second, client);
        }
        String told = current + ", where this process was started, leads to " + now
                + " by now, but the successor is started where this process works, in " + before;
        assertThat(server.err().count(told)).as(server::report).isEqualTo(2);
    }

    @Test
    void shouldNotBelieveAnEnvironmentThatNamesAnotherDirectory() throws IOException {
        Path work = Files.createDirectory(directory.resolve("work"));
        RunningProcess server = processes.start(command().in(work).environment("PWD", "/usr"));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            first.hup();
            ServerGeneration second = server.awaitReady(2);
            first.awaitEnd();
            assertUpgrades(server, second, client);
        }
        assertThat(server.err().text()).as(server::report).doesNotContain("/usr", "WARN");
    }

    @Test
    void shouldTellThatAJarWasOverwrittenThatOnlyAManifestNames() throws IOException {
        DeployedJar all = DeployedJar.in(Files.createDirectory(directory.resolve("the library")));
        Path app = directory.resolve("app.jar");
        Files.write(app, manifest(Main.class.getName(), "the%20library/server.jar"));
        RunningProcess server = processes.start(http(JavaCommand.jar(app)));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            classes.awaitPreloaded(first);
            all.overwrite(DeployedJar.newVersion());
            assertUpgrades(server, first, client);
        }
        server.err().await(all.path() + " " + OVERWRITTEN);
    }

    @Test
    void shouldTellThatAModuleWasOverwritten() throws IOException {
        Path modules = Files.createDirectory(directory.resolve("modules"));
        Path module = Files.write(modules.resolve("module.jar"), manifest("version.One", ""));
        RunningProcess server =
                processes.start(http(JavaCommand.jar(jar.path()).jvm("--module-path", modules.toString())));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            classes.awaitPreloaded(first);
            Files.write(module, manifest("version.of.another.Size", ""));
            assertUpgrades(server, first, client);
        }
        server.err().await(module + " " + OVERWRITTEN);
    }

    /** A jar with nothing else in it. */
    private static byte[] manifest(String mainClass, String classPath) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, mainClass);
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new JarOutputStream(bytes, manifest).close();
        return bytes.toByteArray();
    }

    /** One that a class may still be loaded from; it is noted when the process starts. */
    @Test
    void shouldTellThatAJarWasOverwrittenAsSoonAsItServes() throws IOException {
        Path other = Files.write(directory.resolve("other.jar"), DeployedJar.garbage());
        RunningProcess server = processes.start(http(JavaCommand.classPath(jar.path() + ":" + other, Main.class)));
        ServerGeneration first = server.awaitReady(1);
        Files.writeString(other, "another version");
        try (StrictClient client = load(first)) {
            assertUpgrades(server, first, client);
        }
        server.err().await(other + " " + OVERWRITTEN);
    }

    @Test
    void shouldNameThePortThatPredecessorAndSuccessorCannotBothHave() throws IOException {
        String debugger = "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:" + FreePort.find();
        RunningProcess server = processes.start(command().jvm(debugger));
        ServerGeneration first = server.awaitReady(1);
        try (StrictClient client = load(first)) {
            first.hup();
            assertThat(server.err().await(SERVES_ON))
                    .containsPattern("exited with status \\d+ before it was ready")
                    .contains("two processes cannot have one port", debugger);
            assertClean(client.stop());
        }
    }

    private JavaCommand command() {
        return command(FreePort.find());
    }

    private JavaCommand command(int port) {
        return http(JavaCommand.jar(jar.path()), port);
    }

    private JavaCommand http(JavaCommand java) {
        return http(java, FreePort.find());
    }

    private JavaCommand http(JavaCommand java, int port) {
        return classes.log(java.with(
                "http",
                "--host",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--handoff",
                directory.resolve("handoff.sock").toString()));
    }

    /** HUP starts a successor that serves, the old process ends well, and so does the new one when it is told to. */
    private void assertUpgrades(RunningProcess server, ServerGeneration first, StrictClient client) {
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        awaitAnswers(client, second);
        assertThat(server.awaitExit()).as(server::report).isZero();
        assertClean(client.stop());
        second.term();
        second.awaitEnd();
        assertThat(server.err().count("TERM: stopping")).as(server::report).isEqualTo(1);
    }

    private static StrictClient load(ServerGeneration server) {
        StrictClient client = StrictClient.builder()
                .address(server.address())
                .busy(4)
                .paced(20, Duration.ofMillis(50))
                .fresh(2, Duration.ofMillis(10))
                .start();
        awaitAnswers(client, server);
        return client;
    }

    private static void awaitAnswers(StrictClient client, ServerGeneration server) {
        Await.until(
                "answers of " + server,
                () -> client.snapshot().generation(server.generation()).isPresent());
    }

    private static void assertClean(LoadResult result) {
        assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An upgrade starts the very command line of the running process, byte by byte, in the same directory and environment.
 * The command lines are written to shell scripts: the JVM that runs the tests may not be able to express them itself.
 */
@Tag("once")
class CommandLineIT {
    private static final List<String> AWKWARD = List.of(
            "plain",
            "",
            "with two  spaces ",
            "'single' \"double\" `back` $HOME ${x} $(ls) \\ \\n %s %% ! * ? ~ # & | ; < > ( ) { } [ ]",
            "tab\tand\nnewlines\n\n",
            "",
            "-leading-dash",
            "grüße, 世界, 🚀",
            "");

    private static final String UTF_8_LOCALE = "LC_ALL=C.UTF-8";

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {UTF_8_LOCALE, "LC_ALL=C", "LC_ALL=POSIX", "LC_ALL=", "LC_ALL=en_US.ISO-8859-1"})
    void shouldKeepEveryArgumentWhateverTheLocale(String locale) throws IOException {
        shouldKeep(script(locale, bytes(AWKWARD)));
    }

    @ParameterizedTest
    @ValueSource(strings = {UTF_8_LOCALE, "LC_ALL=C"})
    void shouldKeepArgumentsThatAreNotTextAtAll(String locale) throws IOException {
        shouldKeep(script(locale, List.of(new byte[] {(byte) 0xff, (byte) 0xfe}, new byte[] {'a', (byte) 0xc3})));
    }

    /** {@link ProcessHandle} knows no more than 4 KiB of it. */
    @Test
    void shouldKeepACommandLineOfMoreThan4KiB() throws IOException {
        shouldKeep(script(
                UTF_8_LOCALE,
                bytes(Stream.concat(AWKWARD.stream(), long_(20, 1_000)).toList())));
    }

    @ParameterizedTest
    @ValueSource(strings = {UTF_8_LOCALE, "LC_ALL=C"})
    void shouldKeepACommandLineOfMoreThan200KiB(String locale) throws IOException {
        shouldKeep(script(
                locale, bytes(Stream.concat(AWKWARD.stream(), long_(3, 80_000)).toList())));
    }

    private static Stream<String> long_(int count, int length) {
        return Stream.generate(() -> "0123456789".repeat(length / 10)).limit(count);
    }

    private void shouldKeep(ProcessBuilder command) {
        RunningProcess server = processes.start(command);
        ServerGeneration current = server.awaitReady(1);
        List<String> arguments = Proc.commandLine(current.pid());
        for (int generation = 2; generation <= 3; generation++) {
            current.hup();
            ServerGeneration next = server.awaitReady(generation);
            assertThat(Proc.commandLine(next.pid())).isEqualTo(arguments);
            assertThat(next.addresses()).as("what Java makes of it").isEqualTo(current.addresses());
            current = next;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {UTF_8_LOCALE, "LC_ALL=C"})
    void shouldKeepTheWorkingDirectoryAndTheEnvironmentButNotTheActivationVariables(String locale) throws IOException {
        ProcessBuilder command = script(locale, bytes(List.of("世界")));
        Map<String, String> given = command.environment();
        given.put("EMPTY", "");
        given.put("AWKWARD", "a=b 'c' \"d\"\n$e\n");
        given.put("LISTEN_PID", "1");
        given.put("LISTEN_FDS", "1");
        given.put("LISTEN_FDNAMES", "web");
        command.directory(
                Files.createDirectory(directory.resolve("somewhere else")).toFile());
        RunningProcess server = processes.start(command);
        ServerGeneration first = server.awaitReady(1);
        Map<String, String> expected = new TreeMap<>(Proc.environment(first.pid()));
        Object workingDirectory = Proc.workingDirectory(first.pid());
        assertThat(expected).containsKeys("EMPTY", "AWKWARD", "dots.and-dashes", "UNICODE", "LISTEN_PID");
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        Map<String, String> actual = new TreeMap<>(Proc.environment(second.pid()));
        assertThat(actual.remove("GRACEFUL_NETTY_PREDECESSOR")).isNotNull();
        actual.remove("GRACEFUL_NETTY_STARTED_IN"); // if PWD is right
        expected.keySet().removeIf(name -> name.startsWith("LISTEN_"));
        assertThat(actual).isEqualTo(expected);
        assertThat(Proc.workingDirectory(second.pid())).isEqualTo(workingDirectory);
    }

    @Test
    void shouldStartAgainWhatWasFoundThroughThePathAndRelativeToTheWorkingDirectory() throws IOException {
        Path programs = Files.createDirectory(directory.resolve("programs"));
        Files.createSymbolicLink(programs.resolve("our-java"), JavaCommand.java());
        Files.createSymbolicLink(directory.resolve("example.jar"), JavaCommand.jar());
        Path options = Files.writeString(directory.resolve("options"), "-Xmx64m -cp example.jar:\"tests here\"\n");
        Files.createSymbolicLink(directory.resolve("tests here"), JavaCommand.testClasses());
        ProcessBuilder command = new ProcessBuilder(
                "sh",
                "-c",
                "exec our-java @" + options.getFileName() + " \"$@\"",
                "sh",
                ArgumentsServer.class.getName(),
                "an argument");
        command.directory(directory.toFile());
        command.environment().put("PATH", "programs:" + System.getenv("PATH"));
        command.environment().put("JDK_JAVA_OPTIONS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1");
        shouldKeep(command);
    }

    @Test
    void shouldStartItselfAgainUnderAnotherName() {
        Path bash = Path.of("/bin/bash");
        assumeTrue(Files.isExecutable(bash), "no /bin/bash, whose exec can give a program another name");
        RunningProcess server = processes.start(JavaCommand.main(ArgumentsServer.class, "a b", "")
                .through(bash.toString(), "-c", "exec -a our-server \"$@\"", "bash"));
        ServerGeneration first = server.awaitReady(1);
        assertThat(Proc.commandLine(first.pid())).startsWith("our-server");
        first.hup();
        ServerGeneration second = server.awaitReady(2);
        assertThat(Proc.commandLine(second.pid())
                        .subList(1, Proc.commandLine(first.pid()).size()))
                .isEqualTo(Proc.commandLine(first.pid())
                        .subList(1, Proc.commandLine(first.pid()).size()));
    }

    /** A script that becomes the server, with these arguments, in UTF-8. */
    private ProcessBuilder script(String locale, List<byte[]> arguments) throws IOException {
        ByteArrayOutputStream script = new ByteArrayOutputStream();
        script.writeBytes("LC_ALL= LANG= LC_CTYPE=; unset LC_ALL LANG LC_CTYPE\n".getBytes(UTF_8));
        script.writeBytes(("export " + locale + "\n").getBytes(UTF_8));
        // Through env: a shell drops variables whose names it could not use itself.
        script.writeBytes("exec env UNICODE='schöne Grüße' dots.and-dashes='as in Kubernetes'".getBytes(UTF_8));
        for (String word : JavaCommand.main(ArgumentsServer.class).command()) {
            script.writeBytes(quoted(word.getBytes(UTF_8)));
        }
        arguments.forEach(argument -> script.writeBytes(quoted(argument)));
        Path file = Files.write(directory.resolve("start.sh"), script.toByteArray());
        return new ProcessBuilder("sh", file.toString());
    }

    private static List<byte[]> bytes(List<String> arguments) {
        return arguments.stream().map(argument -> argument.getBytes(UTF_8)).toList();
    }

    private static byte[] quoted(byte[] word) {
        return (" '" + new String(word, ISO_8859_1).replace("'", "'\\''") + "'").getBytes(ISO_8859_1);
    }
}

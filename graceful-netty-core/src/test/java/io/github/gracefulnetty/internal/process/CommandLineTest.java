// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CommandLineTest {
    private static final List<String> AWKWARD =
            List.of("", " ", "a b", "ünï☃", "new\nline\n", "'\"$`\\%s\\101", "--x=", "*", "x".repeat(5000), "");

    @Test
    void shouldKeepEveryArgumentIntact() throws IOException {
        CommandLine commandLine = CommandLine.parse(raw("/bin/printf", "%s\\0", AWKWARD));
        assertThat(commandLine.toCommand(UTF_8).subList(2, 2 + AWKWARD.size())).isEqualTo(AWKWARD);
    }

    @Test
    void shouldKeepEveryByteIntactWhereTheCharsetOfTheJvmCannotExpressIt() throws Exception {
        List<String> command =
                CommandLine.parse(raw("/bin/printf", "%s\\0", AWKWARD)).toCommand(US_ASCII);
        assertThat(String.join("", command).chars().allMatch(c -> c < 0x80)).isTrue();
        Process process = new ProcessBuilder(command).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(output.split("\0", -1)).containsExactlyElementsOf(concat(AWKWARD, ""));
    }

    @Test
    void shouldRunTheRunningProgramWhenTheFirstArgumentLeadsNowhere() throws IOException {
        CommandLine commandLine = CommandLine.parse("/no/such/java\0-version\0".getBytes(US_ASCII));
        assertThat(commandLine.toCommand(UTF_8).get(0))
                .isEqualTo(ProcessHandle.current().info().command().orElseThrow());
    }

    @Test
    void shouldReadTheCommandLineOfThisProcess() throws IOException {
        assertThat(CommandLine.ofThisProcess().toCommand())
                .hasSizeGreaterThan(1)
                .first()
                .asString()
                .contains("java");
    }

    @Test
    void shouldRefuseACommandLineThatIsNotComplete() {
        assertThatThrownBy(() -> CommandLine.parse("java\0-jar".getBytes(US_ASCII)))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> CommandLine.parse(new byte[0])).isInstanceOf(IOException.class);
    }

    private static byte[] raw(String program, String first, List<String> more) throws IOException {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        for (String argument : concat(concat(List.of(program), first), more.toArray(new String[0]))) {
            raw.write(argument.getBytes(UTF_8));
            raw.write(0);
        }
        return raw.toByteArray();
    }

    private static List<String> concat(List<String> list, String... more) {
        return Stream.concat(list.stream(), Arrays.stream(more)).toList();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM with our class path, which ends when its standard input does, or at the latest when this is closed. */
public final class ChildJvm implements AutoCloseable {
    private static final long TIMEOUT_SECONDS = 10;

    private final String name;
    private final Process process;
    private final BufferedReader output;

    /** Starts {@code main}. Its standard error is ours. */
    public ChildJvm(Class<?> main, List<String> jvmFlags, Object... arguments) throws IOException {
        name = main.getSimpleName();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmFlags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        output = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Writes a line to its standard input. */
    public void say(String line) throws IOException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    /** Its resident memory, in MiB. */
    public long memory() throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElseThrow();
    }

    /**
     * The next line that it writes.
     *
     * @throws IOException if it ends instead
     */
    public String line() throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new IOException(name + " has ended");
        }
        return line;
    }

    /** The rest of the next line, which has to begin with {@code start}. */
    public String after(String start) throws IOException {
        String line = line();
        if (!line.startsWith(start)) {
            throw new IOException(name + " said '" + line + "' instead of '" + start + "'");
        }
        return line.substring(start.length());
    }

    @Override
    public void close() throws IOException, InterruptedException {
        process.getOutputStream().close();
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.OutputStream;

/** Sends signals from a shell that is there already, so that no start of a process is measured with them. */
final class SignalShell implements AutoCloseable {
    private final Process shell;

    SignalShell() throws IOException {
        shell = new ProcessBuilder("/bin/sh")
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** @param signal without SIG, for instance {@code HUP} */
    void send(String signal, long pid) throws IOException {
        OutputStream commands = shell.getOutputStream();
        commands.write(("kill -" + signal + " " + pid + "\n").getBytes(US_ASCII));
        commands.flush();
    }

    @Override
    public void close() {
        shell.destroy();
    }
}

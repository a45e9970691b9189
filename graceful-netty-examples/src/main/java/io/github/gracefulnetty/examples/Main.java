// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.examples.chat.ChatCommand;
import io.github.gracefulnetty.examples.http.HttpCommand;
import io.github.gracefulnetty.examples.share.ShareCommand;
import io.github.gracefulnetty.examples.udp.UdpCommand;
import io.github.gracefulnetty.examples.web.WebCommand;
import io.github.gracefulnetty.examples.websocket.WebSocketCommand;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code java -jar graceful-netty-examples.jar <example> [options]}. */
@Command(
        name = "graceful-netty-examples",
        description = "Servers that are replaced without their clients noticing.",
        subcommands = {
            HttpCommand.class,
            WebCommand.class,
            UdpCommand.class,
            ShareCommand.class,
            WebSocketCommand.class,
            ChatCommand.class
        },
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
public final class Main {
    /** Loaded now: picocli needs it when a command has ended, and by then the jar may have been overwritten. */
    private static final Class<?> NEEDED_AT_EXIT = CommandLine.IExitCodeGenerator.class;

    private Main() {}

    /** Exit status: 0 after a complete drain, 1 after a failure, 2 for wrong options. */
    public static void main(String... arguments) {
        Graceful.prepare();
        Objects.requireNonNull(NEEDED_AT_EXIT);
        CommandLine commandLine = new CommandLine(new Main());
        commandLine.registerConverter(Duration.class, Durations::parse);
        commandLine.setExecutionExceptionHandler((failure, command, parsed) -> {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            String message = cause.getMessage();
            command.getErr().println("error: " + (message == null ? cause.toString() : message));
            command.getErr().flush();
            return 1;
        });
        System.exit(commandLine.execute(arguments));
    }
}

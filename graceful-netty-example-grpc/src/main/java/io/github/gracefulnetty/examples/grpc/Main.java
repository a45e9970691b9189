// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.grpc;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.grpc.GracefulGrpc;
import io.github.gracefulnetty.grpc.GracefulServerBuilder;
import io.grpc.Server;
import io.grpc.protobuf.services.HealthStatusManager;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.File;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code java -jar graceful-netty-example-grpc.jar --port 8443}, and a pattern for servers of your own. */
@Command(
        name = "graceful-netty-example-grpc",
        description = "A gRPC server. HUP, or a second copy with the same --handoff, replaces it.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class Main implements Callable<Integer> {
    @Option(names = "--port", paramLabel = "PORT", description = "TCP port, 0 for any free one; may be repeated.")
    private List<Integer> ports = new ArrayList<>();

    @Option(names = "--host", paramLabel = "HOST", description = "Address for all ports; all addresses by default.")
    private @Nullable String host;

    @Option(names = "--unix", paramLabel = "PATH", description = "Unix socket; may be repeated.")
    private List<String> unixPaths = new ArrayList<>();

    @Option(names = "--handoff", paramLabel = "PATH", description = "Where a second copy finds this process.")
    private @Nullable Path handoff;

    @Option(names = "--drain-timeout", paramLabel = "TIME", defaultValue = "30s", description = "${DEFAULT-VALUE}")
    private Duration drainTimeout = Duration.ZERO;

    @Option(names = "--certificate", paramLabel = "PEM", description = "Certificate chain, for TLS.")
    private @Nullable File certificate;

    @Option(names = "--key", paramLabel = "PEM", description = "Its private key.")
    private @Nullable File key;

    private Main() {}

    /** Exit status: 0 after a complete drain, 1 after a failure, 2 for wrong options. */
    public static void main(String... arguments) {
        Graceful.prepare();
        CommandLine commandLine = new CommandLine(new Main());
        commandLine.registerConverter(Duration.class, text -> Duration.parse("PT" + text));
        commandLine.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof ParameterException wrong) {
                throw wrong;
            }
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            command.getErr().println("error: " + cause);
            command.getErr().flush();
            return 1;
        });
        System.exit(commandLine.execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        List<SocketAddress> addresses = addresses();
        if (addresses.isEmpty()) {
            throw new ParameterException(new CommandLine(this), "--port or --unix is needed");
        }
        Graceful.Builder builder = Graceful.builder()
                .drainTimeout(drainTimeout)
                .upgradeOnSignal("HUP")
                .stopOnSignal("TERM", "INT");
        if (handoff != null) {
            builder.handoffPath(handoff);
        }
        Graceful graceful = builder.build();
        try {
            serve(graceful, addresses);
            return 0;
        } catch (Exception e) {
            graceful.stop().handle((report, failure) -> report).join(); // nothing is left behind
            throw e;
        }
    }

    private void serve(Graceful graceful, List<SocketAddress> addresses) throws Exception {
        EchoService echo = new EchoService(graceful.generation());
        HealthStatusManager health = new HealthStatusManager();
        GracefulServerBuilder builder = GracefulGrpc.forAddress(graceful, addresses.get(0))
                .addService(echo)
                .addService(health.getHealthService())
                .healthStatusManager(health)
                .onDrain(echo::endChats);
        addresses.stream().skip(1).forEach(builder::addListenAddress);
        if (certificate != null && key != null) {
            builder.useTransportSecurity(certificate, key);
        }
        Server server = builder.build().start();
        graceful.ready().join();
        for (SocketAddress address : server.getListenSockets()) {
            System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                    + " address=" + format(address));
        }
        graceful.awaitExit();
    }

    private List<SocketAddress> addresses() {
        List<SocketAddress> addresses = new ArrayList<>();
        for (int port : ports) {
            addresses.add(host == null ? new InetSocketAddress(port) : new InetSocketAddress(host, port));
        }
        for (String path : unixPaths) {
            addresses.add(new DomainSocketAddress(path));
        }
        return addresses;
    }

    private static String format(SocketAddress address) {
        return address instanceof InetSocketAddress inet
                ? inet.getAddress().getHostAddress() + ":" + inet.getPort()
                : "unix:" + address;
    }
}

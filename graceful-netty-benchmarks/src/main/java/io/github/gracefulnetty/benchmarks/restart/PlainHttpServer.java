// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.benchmarks.restart;

import io.github.gracefulnetty.examples.http.HttpInitializer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The {@code http} example without graceful-netty: the same pipeline on a plain {@link ServerBootstrap}, behind the same
 * command line. What an upgrade is compared with.
 */
@Command(
        name = "plain",
        description = "The http example without graceful-netty.",
        subcommands = PlainHttpServer.Http.class,
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
public final class PlainHttpServer {
    private PlainHttpServer() {}

    public static void main(String... arguments) {
        CommandLine commandLine = new CommandLine(new PlainHttpServer());
        commandLine.registerConverter(Duration.class, text -> Duration.parse("PT" + text));
        System.exit(commandLine.execute(arguments));
    }

    /** Accepts every option of the example, so that both parse the same line. */
    @Command(
            name = "http",
            description = "An HTTP/1.1 server that cannot be replaced.",
            mixinStandardHelpOptions = true,
            sortOptions = false)
    @SuppressWarnings("UnusedVariable") // options that mean nothing here
    static final class Http implements Callable<Integer> {
        @Spec
        private @Nullable CommandSpec spec;

        @Option(names = "--port", paramLabel = "PORT", description = "TCP port, 0 for any free one; may be repeated.")
        private List<Integer> ports = new ArrayList<>();

        @Option(names = "--host", paramLabel = "HOST", description = "Address for all ports.")
        private @Nullable String host;

        @Option(names = "--unix", paramLabel = "PATH", description = "Ignored.")
        private List<String> unixPaths = new ArrayList<>();

        @Option(names = "--handoff", paramLabel = "PATH", description = "Ignored.")
        private @Nullable Path handoff;

        @Option(names = "--drain-timeout", paramLabel = "TIME", defaultValue = "30s", description = "Ignored.")
        private Duration drainTimeout = Duration.ZERO;

        @Option(names = "--upgrade-timeout", paramLabel = "TIME", defaultValue = "60s", description = "Ignored.")
        private Duration upgradeTimeout = Duration.ZERO;

        @Option(
                names = "--init-delay",
                paramLabel = "TIME",
                defaultValue = "0s",
                description = "How long this server takes to initialise; ${DEFAULT-VALUE}")
        private Duration initDelay = Duration.ZERO;

        @Option(names = "--fail-before-ready", description = "Ignored.")
        private boolean failBeforeReady;

        @Override
        @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
        public Integer call() throws Exception {
            EventLoopGroup boss = new EpollEventLoopGroup(1);
            EventLoopGroup workers = new EpollEventLoopGroup();
            try {
                List<Channel> listeners = new ArrayList<>();
                for (int port : ports) {
                    ServerBootstrap bootstrap = new ServerBootstrap()
                            .group(boss, workers)
                            .channel(EpollServerSocketChannel.class)
                            .childHandler(new HttpInitializer(1));
                    listeners.add(bootstrap
                            .bind(host == null ? new InetSocketAddress(port) : new InetSocketAddress(host, port))
                            .sync()
                            .channel());
                }
                TimeUnit.NANOSECONDS.sleep(initDelay.toNanos());
                for (Channel listener : listeners) {
                    InetSocketAddress address = (InetSocketAddress) listener.localAddress();
                    out().println("READY pid=" + ProcessHandle.current().pid() + " generation=1 address="
                            + address.getAddress().getHostAddress() + ":" + address.getPort());
                }
                for (Channel listener : listeners) {
                    listener.closeFuture().sync();
                }
                return 0;
            } finally {
                boss.shutdownGracefully(0, 1, TimeUnit.SECONDS);
                workers.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            }
        }

        private PrintWriter out() {
            return Objects.requireNonNull(spec, "picocli sets it").commandLine().getOut();
        }
    }
}

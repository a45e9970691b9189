// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.http;

import io.github.gracefulnetty.ExitReport;
import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.github.gracefulnetty.connection.ConnectionEnds;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The {@code http} example, and a pattern for servers of your own. */
@Command(
        name = "http",
        description = "An HTTP/1.1 server. HUP, or a second copy with the same --handoff, replaces it.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class HttpCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--port", paramLabel = "PORT", description = "TCP port, 0 for any free one; may be repeated.")
    private List<Integer> ports = new ArrayList<>();

    @Option(names = "--host", paramLabel = "HOST", description = "Address for all ports; all addresses by default.")
    private @Nullable String host;

    @Option(names = "--unix", paramLabel = "PATH", description = "Unix socket; @name for an abstract one.")
    private List<String> unixPaths = new ArrayList<>();

    @Option(names = "--handoff", paramLabel = "PATH", description = "Where a second copy finds this process.")
    private @Nullable Path handoff;

    @Option(names = "--pid-file", paramLabel = "PATH", description = "Where the pid of the process that serves is.")
    private @Nullable Path pidFile;

    @Option(names = "--drain-timeout", paramLabel = "TIME", defaultValue = "30s", description = "${DEFAULT-VALUE}")
    private Duration drainTimeout = Duration.ZERO;

    @Option(names = "--upgrade-timeout", paramLabel = "TIME", defaultValue = "60s", description = "${DEFAULT-VALUE}")
    private Duration upgradeTimeout = Duration.ZERO;

    @Option(names = "--no-migrate", description = "Let idle connections end instead of moving them to the successor.")
    private boolean noMigrate;

    @Option(
            names = "--init-delay",
            paramLabel = "TIME",
            defaultValue = "0s",
            description = "How long this server takes to initialise; ${DEFAULT-VALUE}")
    private Duration initDelay = Duration.ZERO;

    @Option(
            names = "--fail-before-ready",
            description = "Exit with status 3 right before being ready, to see how an upgrade is rolled back.")
    private boolean failBeforeReady;

    @Override
    public Integer call() throws Exception {
        checkOptions();
        List<SocketAddress> addresses = addresses();
        Graceful.Builder builder = Graceful.builder()
                .drainTimeout(drainTimeout)
                .upgradeTimeout(upgradeTimeout)
                .migrateConnections(!noMigrate)
                .upgradeOnSignal("HUP")
                .stopOnSignal("TERM", "INT");
        if (handoff != null) {
            builder.handoffPath(handoff);
        }
        if (pidFile != null) {
            builder.pidFile(pidFile);
        }
        Graceful graceful = builder.build();
        try {
            return serve(graceful, addresses);
        } catch (Exception e) {
            graceful.stop().handle((report, failure) -> report).join(); // nothing is left behind
            throw e;
        }
    }

    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    private int serve(Graceful graceful, List<SocketAddress> addresses) throws Exception {
        EventLoopGroup boss = new EpollEventLoopGroup(1);
        EventLoopGroup workers = new EpollEventLoopGroup();
        try {
            List<Channel> listeners = new ArrayList<>();
            for (SocketAddress address : addresses) {
                ServerBootstrap bootstrap = new GracefulBootstrap(graceful)
                        .group(boss, workers)
                        .channel(
                                address instanceof DomainSocketAddress
                                        ? EpollServerDomainSocketChannel.class
                                        : EpollServerSocketChannel.class)
                        .childHandler(new HttpInitializer(graceful.generation()));
                listeners.add(bootstrap.bind(address).sync().channel());
            }
            TimeUnit.NANOSECONDS.sleep(initDelay.toNanos());
            if (failBeforeReady) {
                out().println("FAIL pid=" + ProcessHandle.current().pid() + " before ready, as told");
                return 3;
            }
            graceful.ready().join();
            for (Channel listener : listeners) {
                out().println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                        + " address=" + format(listener.localAddress()));
            }
            ExitReport report = graceful.awaitExit();
            out().println("EXIT pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation() + " "
                    + ConnectionEnds.describe(report.byProtocol()));
            return 0;
        } finally {
            boss.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            workers.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private void checkOptions() {
        for (int port : ports) {
            if (port < 0 || port > 65535) {
                throw wrong("--port " + port + " is not between 0 and 65535");
            }
        }
        if (drainTimeout.isZero() || upgradeTimeout.isZero()) {
            throw wrong("--drain-timeout and --upgrade-timeout must be more than 0");
        }
        if (ports.isEmpty() && unixPaths.isEmpty()) {
            throw wrong("--port or --unix is needed");
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec().commandLine(), message);
    }

    private List<SocketAddress> addresses() {
        List<SocketAddress> addresses = new ArrayList<>();
        for (int port : ports) {
            addresses.add(host == null ? new InetSocketAddress(port) : new InetSocketAddress(host, port));
        }
        for (String path : unixPaths) {
            addresses.add(new DomainSocketAddress(path.startsWith("@") ? "\0" + path.substring(1) : path));
        }
        return addresses;
    }

    private static String format(SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            String ip = inet.getAddress().getHostAddress();
            return (ip.indexOf(':') >= 0 ? "[" + ip + "]" : ip) + ":" + inet.getPort();
        }
        return "unix:" + address.toString().replace('\0', '@');
    }

    private PrintWriter out() {
        return spec().commandLine().getOut();
    }

    private CommandSpec spec() {
        return Objects.requireNonNull(spec, "picocli sets it");
    }
}

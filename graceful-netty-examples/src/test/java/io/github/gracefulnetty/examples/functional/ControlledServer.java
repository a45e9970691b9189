// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.GracefulBootstrap;
import io.github.gracefulnetty.examples.http.HttpInitializer;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The example server, except that each generation looks into a file before it becomes ready, and does what it says. So a
 * test decides when something happens, and how it fails. Upgraded by HUP; TERM stops it.
 */
final class ControlledServer {
    private static final long POLL_MILLIS = 10;

    private ControlledServer() {}

    /** The files by which a test controls it, in a directory of its own. */
    record Control(Path directory) {
        /** A generation that finds this waits, whatever signals it gets, until something else is there. */
        void letWait(int generation) throws IOException {
            say(generation, "wait");
        }

        void letExit(int generation, int status) throws IOException {
            say(generation, "exit " + status);
        }

        /** As if nothing had been said. */
        void letBeReady(int generation) throws IOException {
            Files.deleteIfExists(file(generation));
        }

        private void say(int generation, String word) throws IOException {
            Path complete = Files.writeString(directory.resolve(generation + ".new"), word);
            Files.move(complete, file(generation));
        }

        private Path file(int generation) {
            return directory.resolve(Integer.toString(generation));
        }

        private String read(int generation) throws IOException {
            try {
                return Files.readString(file(generation));
            } catch (NoSuchFileException e) {
                return "";
            }
        }

        /** A server that this controls; options are those of {@link ControlledServer#main}. */
        JavaCommand server(String... options) {
            return JavaCommand.main(ControlledServer.class, "control=" + directory)
                    .with(options);
        }
    }

    /**
     * Options: {@code control=DIRECTORY}, {@code listen=[NAME@]HOST:PORT}, {@code handoff=PATH}, {@code
     * upgradeTimeout=MILLIS}, {@code upgradeCommand=PROGRAM} (which is tried as soon as it serves).
     */
    @SuppressWarnings("deprecation") // the event-loop group that exists in Netty 4.1 and 4.2
    public static void main(String... options) throws Exception {
        Graceful.Builder builder =
                Graceful.builder().upgradeOnSignal("HUP").stopOnSignal("TERM").drainTimeout(Duration.ofSeconds(20));
        List<String> addresses = new ArrayList<>();
        Control control = new Control(Path.of("unset"));
        boolean upgrade = false;
        for (String option : options) {
            String value = option.substring(option.indexOf('=') + 1);
            switch (option.substring(0, option.indexOf('='))) {
                case "control" -> control = new Control(Path.of(value));
                case "listen" -> addresses.add(value);
                case "handoff" -> builder.handoffPath(Path.of(value));
                case "upgradeTimeout" -> builder.upgradeTimeout(Duration.ofMillis(Long.parseLong(value)));
                case "upgradeCommand" -> {
                    builder.upgradeCommand(List.of(value));
                    upgrade = true;
                }
                default -> throw new IllegalArgumentException(option);
            }
        }
        Graceful graceful = builder.build();
        EventLoopGroup group = new EpollEventLoopGroup(2);
        try {
            List<Channel> listeners = new ArrayList<>();
            for (String address : addresses) {
                listeners.add(bind(graceful, group, address));
            }
            obey(control, graceful.generation());
            graceful.ready().join();
            for (Channel listener : listeners) {
                InetSocketAddress bound = (InetSocketAddress) listener.localAddress();
                System.out.println("READY " + who(graceful.generation()) + " address="
                        + bound.getAddress().getHostAddress() + ":" + bound.getPort());
            }
            if (upgrade) {
                graceful.upgrade()
                        .whenComplete((result, failure) ->
                                System.out.println("UPGRADE " + (failure == null ? "done" : failure.getMessage())));
            }
            graceful.awaitExit();
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private static Channel bind(Graceful graceful, EventLoopGroup group, String address) throws InterruptedException {
        int at = address.indexOf('@');
        GracefulBootstrap bootstrap = new GracefulBootstrap(graceful);
        if (at >= 0) {
            bootstrap.listenerName(address.substring(0, at));
        }
        return bootstrap
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new HttpInitializer(graceful.generation()))
                .bind(ServerGeneration.tcp(address.substring(at + 1)))
                .sync()
                .channel();
    }

    private static void obey(Control control, int generation) throws IOException, InterruptedException {
        for (boolean told = false; ; told = true) {
            String word = control.read(generation);
            if (word.startsWith("exit ")) {
                System.exit(Integer.parseInt(word.substring("exit ".length())));
            } else if (!word.equals("wait")) {
                return;
            } else if (!told) {
                System.out.println("WAITING " + who(generation));
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
    }

    private static String who(int generation) {
        return "pid=" + ProcessHandle.current().pid() + " generation=" + generation;
    }
}

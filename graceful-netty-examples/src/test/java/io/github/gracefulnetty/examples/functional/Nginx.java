// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.util.function.Function.identity;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Nginx as a reverse proxy of one server: it keeps connections to it, and tells its client of each error. */
final class Nginx {
    // One process, so that a test that fails can end it. The upstream has one server: there is nobody else to ask.
    private static final String CONFIGURATION = """
            daemon off;
            master_process off;
            pid nginx.pid;
            events { worker_connections 1024; }
            http {
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                log_format facts '$status';
                access_log access.log facts;
                keepalive_requests 10000000;
                upstream server {
                    server 127.0.0.1:%d;
                    keepalive 32;
                    keepalive_requests 10000000;
                }
                server {
                    listen 127.0.0.1:%d;
                    location / {
                        proxy_pass http://server;
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_next_upstream off;
                    }
                }
            }
            """;

    private final RunningProcess process;
    private final InetSocketAddress address;
    private final Path log;

    private Nginx(RunningProcess process, InetSocketAddress address, Path log) {
        this.process = process;
        this.address = address;
        this.log = log;
    }

    /** In front of {@code server}; in {@code directory}, which is its own. */
    static Nginx start(TestProcesses processes, Path directory, InetSocketAddress server) throws IOException {
        String program = Programs.require("nginx", "nginx-light");
        int port = FreePort.find();
        Path file = directory.resolve("nginx.conf");
        Files.writeString(file, CONFIGURATION.formatted(server.getPort(), port));
        RunningProcess process = processes.start(
                new ProcessBuilder(program, "-p", directory.toString(), "-c", file.toString(), "-e", "stderr"));
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        Await.until("nginx listens", () -> process.isAlive() && accepts(address));
        return new Nginx(process, address, directory.resolve("access.log"));
    }

    private static boolean accepts(InetSocketAddress address) {
        try (Socket socket = new Socket()) {
            socket.connect(address);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    InetSocketAddress address() {
        return address;
    }

    void stop() {
        Proc.signal("TERM", process.pid());
        process.awaitExit();
    }

    /** How often it answered with which status. */
    Map<String, Long> statuses() throws IOException {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.map(line -> line.substring(0, 3)).collect(groupingBy(identity(), TreeMap::new, counting()));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** A server that cannot be replaced: it dies of HUP. */
final class FakeServer {

    private FakeServer() {}

    public static void main(String[] args) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
        byte[] body = (ProcessHandle.current().pid() + " 1\n").getBytes(US_ASCII);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation=1 address=127.0.0.1:"
                + server.getAddress().getPort());
    }

    /** Writes a jar that runs {@code main}, with this class path. */
    static Path jar(Path directory, Class<?> main) throws IOException {
        Manifest manifest = new Manifest();
        String classes =
                main.getProtectionDomain().getCodeSource().getLocation().toString();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.put(Attributes.Name.MAIN_CLASS, main.getName());
        attributes.put(Attributes.Name.CLASS_PATH, classes);
        Path jar = directory.resolve("fake.jar");
        new JarOutputStream(Files.newOutputStream(jar), manifest).close();
        return jar;
    }

    /** Another one, that ends at once. */
    static final class Stillborn {

        private Stillborn() {}

        public static void main(String[] args) {
            System.out.println("no server");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.SslContextBuilder;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.tcp.SslProvider;

/** A key for localhost and its certificate, made by the JDK's keytool. */
final class Keystore {
    private static final String PASSWORD = "changeit";

    private final KeyStore store;

    private Keystore(KeyStore store) {
        this.store = store;
    }

    static Keystore create(Path directory) throws Exception {
        Path file = directory.resolve("localhost.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "localhost",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=dns:localhost,ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD,
                        "-keystore",
                        file.toString())
                .inheritIO()
                .start();
        assertThat(keytool.waitFor()).as("status of keytool").isZero();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        return new Keystore(store);
    }

    SslProvider.GenericSslContextSpec<SslContextBuilder> forServer() throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD.toCharArray());
        return Http2SslContextSpec.forServer(keys);
    }

    SslProvider.GenericSslContextSpec<SslContextBuilder> forClient() throws Exception {
        TrustManagerFactory trusted = trusted();
        return Http2SslContextSpec.forClient().configure((SslContextBuilder builder) -> builder.trustManager(trusted));
    }

    private TrustManagerFactory trusted() throws Exception {
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(store);
        return trusted;
    }
}

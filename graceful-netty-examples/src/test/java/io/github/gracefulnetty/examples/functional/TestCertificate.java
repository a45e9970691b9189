// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.io.File;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;

/** A certificate for localhost that the JDK's keytool signs by itself, as a key store and in PEM. */
public final class TestCertificate {
    /** Of the key store. */
    public static final String PASSWORD = "changeit";

    private final Path keystore;
    private final Path certificate;
    private final Path key;

    /** Writes its files into {@code directory}. */
    public TestCertificate(Path directory) throws Exception {
        keystore = directory.resolve("store.p12");
        int status = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "test",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=dns:localhost,ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        keystore.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("keytool.log").toFile())
                .start()
                .waitFor();
        if (status != 0) {
            throw new AssertionError(Files.readString(directory.resolve("keytool.log")));
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keystore)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        certificate = pem(directory, "CERTIFICATE", keys.getCertificate("test").getEncoded());
        key = pem(
                directory,
                "PRIVATE KEY",
                keys.getKey("test", PASSWORD.toCharArray()).getEncoded());
    }

    private static Path pem(Path directory, String type, byte[] content) throws Exception {
        return Files.writeString(
                directory.resolve(type + ".pem"),
                "-----BEGIN " + type + "-----\n" + Base64.getMimeEncoder().encodeToString(content) + "\n-----END "
                        + type + "-----\n");
    }

    /** PKCS #12. */
    public Path keystore() {
        return keystore;
    }

    public File certificate() {
        return certificate.toFile();
    }

    public File key() {
        return key.toFile();
    }
}

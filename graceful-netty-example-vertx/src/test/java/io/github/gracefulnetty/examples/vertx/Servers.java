// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import io.github.gracefulnetty.examples.functional.JavaCommand;
import io.github.gracefulnetty.examples.functional.TestCertificate;
import java.nio.file.Path;

/** What starts the servers of these tests. */
final class Servers {
    private static final Path JAR =
            Path.of("target/graceful-netty-example-vertx.jar").toAbsolutePath();

    private Servers() {}

    /** The example, from its jar, as a user starts it. */
    static JavaCommand example(String... options) {
        return JavaCommand.jar(JAR, "--host", "127.0.0.1").with(options);
    }

    /** The example with HTTP/2 over TLS on a port of its own. */
    static JavaCommand withTls(TestCertificate certificate, String... options) {
        return example("--tls-port", "0", "--keystore", certificate.keystore().toString())
                .with(options)
                .environment("KEYSTORE_PASSWORD", TestCertificate.PASSWORD);
    }

    /** A class of the tests with what is in the example's jar. */
    static JavaCommand main(Class<?> main) {
        return JavaCommand.classPath(JAR + ":" + Path.of("target/test-classes").toAbsolutePath(), main);
    }
}

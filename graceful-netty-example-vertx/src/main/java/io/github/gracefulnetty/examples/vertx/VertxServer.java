// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.vertx;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.vertx.GracefulVertx;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PfxOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code java -jar graceful-netty-example-vertx.jar --port 8080}, and a pattern for servers of your own. */
@Command(
        name = "graceful-netty-example-vertx",
        description = "A Vert.x HTTP and WebSocket server. HUP, or a second copy with the same --handoff, replaces it.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class VertxServer implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--port", paramLabel = "PORT", description = "TCP port, 0 for any free one; may be repeated.")
    private List<Integer> ports = new ArrayList<>();

    @Option(names = "--tls-port", paramLabel = "PORT", description = "The same, with TLS and HTTP/2.")
    private List<Integer> tlsPorts = new ArrayList<>();

    @Option(names = "--host", paramLabel = "HOST", defaultValue = "0.0.0.0", description = "${DEFAULT-VALUE}")
    private String host = "";

    @Option(
            names = "--instances",
            paramLabel = "N",
            defaultValue = "2",
            description = "Verticle instances that share each port; ${DEFAULT-VALUE}")
    private int instances;

    @Option(names = "--handoff", paramLabel = "PATH", description = "Where a second copy finds this process.")
    private @Nullable Path handoff;

    @Option(
            names = "--keystore",
            paramLabel = "PATH",
            description = "PKCS #12 file with the key for TLS; its password is in the variable KEYSTORE_PASSWORD.")
    private @Nullable Path keystore;

    @Option(names = "--drain-timeout", paramLabel = "SECONDS", defaultValue = "30", description = "${DEFAULT-VALUE}")
    private long drainTimeout;

    /** Exit status: 0 after the drain, 1 after a failure, 2 for wrong options. */
    public static void main(String... arguments) {
        Graceful.prepare();
        CommandLine commandLine = new CommandLine(new VertxServer());
        commandLine.setExecutionExceptionHandler((failure, command, parsed) -> {
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
        Graceful.Builder builder = Graceful.builder()
                .drainTimeout(Duration.ofSeconds(drainTimeout))
                .upgradeOnSignal("HUP")
                .stopOnSignal("TERM", "INT");
        if (handoff != null) {
            builder.handoffPath(handoff);
        }
        if (tlsPorts.isEmpty() ? ports.isEmpty() : keystore == null) {
            throw new ParameterException(spec().commandLine(), "--port, or --tls-port and --keystore, are needed");
        }
        Graceful graceful = builder.build();
        Vertx vertx = GracefulVertx.vertx(graceful);
        try {
            List<SortedSet<Integer>> listening = new ArrayList<>();
            for (int port : ports) {
                listening.add(deploy(vertx, new HttpServerOptions().setPort(port), graceful.generation()));
            }
            for (int port : tlsPorts) {
                listening.add(deploy(vertx, tls().setPort(port), graceful.generation()));
            }
            graceful.ready().join();
            for (SortedSet<Integer> actual : listening) {
                out().println("READY pid=" + ProcessHandle.current().pid() + " generation=" + graceful.generation()
                        + " address=" + host + ":" + actual.first());
            }
            out().flush();
            graceful.awaitExit();
            return 0;
        } catch (Exception e) {
            graceful.stop().handle((report, failure) -> report).join(); // nothing is left behind
            throw e;
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        }
    }

    private HttpServerOptions tls() {
        PfxOptions key = new PfxOptions()
                .setPath(String.valueOf(keystore))
                .setPassword(System.getenv().getOrDefault("KEYSTORE_PASSWORD", ""));
        return new HttpServerOptions().setSsl(true).setUseAlpn(true).setKeyCertOptions(key);
    }

    /** The verticle's instances share one listener. Returns the port, which all of them say. */
    private SortedSet<Integer> deploy(Vertx vertx, HttpServerOptions options, int generation) {
        SortedSet<Integer> actual = new ConcurrentSkipListSet<>();
        vertx.deployVerticle(
                        () -> new WebVerticle(
                                options.setHost(host),
                                generation,
                                (HttpServer server) -> actual.add(server.actualPort())),
                        new DeploymentOptions().setInstances(instances))
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        return actual;
    }

    private PrintWriter out() {
        return spec().commandLine().getOut();
    }

    private CommandSpec spec() {
        return Objects.requireNonNull(spec, "picocli sets it");
    }
}

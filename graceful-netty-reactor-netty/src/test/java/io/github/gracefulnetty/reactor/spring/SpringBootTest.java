// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.springframework.web.reactive.function.server.RouterFunctions.route;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.handoff.HandoffException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** A WebFlux application with this module on its class path, several generations in one JVM. */
class SpringBootTest {
    private final List<ConfigurableApplicationContext> contexts = new ArrayList<>();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        contexts.forEach(ConfigurableApplicationContext::close);
    }

    @Test
    void shouldCloseTheContextWhenASuccessorServesAndTheConnectionsAreDrained() throws Exception {
        ConfigurableApplicationContext first = start("handoff.sock");
        CompletableFuture<String> slow = get(first, "/slow");
        assertThat(Application.slowRequest.await(60, TimeUnit.SECONDS)).isTrue();
        ConfigurableApplicationContext second = start("handoff.sock");
        assertThat(port(second)).isEqualTo(port(first));
        assertThat(slow.join()).isEqualTo("1");
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> !first.isActive());
        assertThat(get(second, "/").join()).isEqualTo("2");
    }

    @Test
    void shouldAnswerTheRequestInFlightBeforeTheWebServerStops() throws Exception {
        ConfigurableApplicationContext context = start("handoff.sock");
        CompletableFuture<String> slow = get(context, "/slow");
        assertThat(Application.slowRequest.await(60, TimeUnit.SECONDS)).isTrue();
        context.close();
        assertThat(slow.join()).isEqualTo("1");
    }

    @Test
    void shouldNotStartWhereItCannotTakeOver() {
        assertThatThrownBy(() -> start("missing/handoff.sock")).satisfies(failure -> {
            Throwable cause = failure;
            while (!(cause instanceof HandoffException)) {
                cause = Objects.requireNonNull(cause.getCause(), "no HandoffException");
            }
            FailureAnalysis analysis = Objects.requireNonNull(new HandoffFailureAnalyzer().analyze(cause));
            assertThat(analysis.getDescription())
                    .contains("could not take over")
                    .contains("missing/handoff.sock");
        });
    }

    @Test
    void shouldStandBackWhenItIsDisabled() {
        ConfigurableApplicationContext context = start("handoff.sock", "--graceful-netty.enabled=false");
        assertThat(context.getBeanNamesForType(GracefulLifecycle.class)).isEmpty();
        assertThat(get(context, "/").join()).isEqualTo("0");
    }

    private ConfigurableApplicationContext start(String handoff, String... more) {
        Application.slowRequest = new CountDownLatch(1);
        List<String> arguments = new ArrayList<>(List.of(
                "--server.port=0",
                "--graceful-netty.handoff-path=" + directory.resolve(handoff),
                "--graceful-netty.drain-timeout=10s",
                "--graceful-netty.upgrade-signal=none",
                "--graceful-netty.exit-jvm=false"));
        arguments.addAll(List.of(more));
        ConfigurableApplicationContext context =
                new SpringApplicationBuilder(Application.class).run(arguments.toArray(String[]::new));
        contexts.add(context);
        return context;
    }

    private static int port(ConfigurableApplicationContext context) {
        return context.getEnvironment().getProperty("local.server.port", Integer.class, 0);
    }

    private static CompletableFuture<String> get(ConfigurableApplicationContext from, String path) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port(from) + path))
                .build();
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .build()
                .sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .thenApply(HttpResponse::body)
                .orTimeout(60, TimeUnit.SECONDS);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {
        private static volatile CountDownLatch slowRequest = new CountDownLatch(1);

        @Bean
        RouterFunction<ServerResponse> routes(org.springframework.beans.factory.ObjectProvider<Graceful> graceful) {
            Graceful own = graceful.getIfAvailable();
            String who = own == null ? "0" : Integer.toString(own.generation());
            return route().GET("/", request -> ServerResponse.ok().bodyValue(who))
                    .GET("/slow", request -> {
                        slowRequest.countDown();
                        return Mono.delay(Duration.ofSeconds(2))
                                .flatMap(tick -> ServerResponse.ok().bodyValue(who));
                    })
                    .build();
        }
    }
}

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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.EventListener;
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

    @ParameterizedTest
    @EnumSource(value = Step.class, mode = EnumSource.Mode.EXCLUDE, names = "READY")
    void shouldTellThePredecessorWhyItCannotStart(Step step) {
        ConfigurableApplicationContext first = start("handoff.sock");
        try (LogLines log = new LogLines(Graceful.class.getName())) {
            assertThatThrownBy(() -> start("handoff.sock", log, "--failing=" + step))
                    .hasStackTraceContaining("no database");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> !log.containing("upgrade 1->2 failed").isEmpty());
            assertThat(log.containing("upgrade 1->2 failed"))
                    .singleElement()
                    .asString()
                    .contains("its application failed: no database");
        }
        assertThat(first.getBean(Graceful.class).isServing()).isTrue();
    }

    /** What comes after the listener of ours is on probation. */
    @Test
    void shouldRollBackWhereItFailsWhenItServes() {
        System.setProperty("gracefulnetty.probation", "60s");
        try (LogLines log = new LogLines(Graceful.class.getName())) {
            ConfigurableApplicationContext first = start("handoff.sock", log);
            assertThatThrownBy(() -> start("handoff.sock", log, "--failing=" + Step.READY))
                    .hasStackTraceContaining("no database");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> !log.containing("upgrade 1->2 rolled back").isEmpty());
            assertThat(log.containing("upgrade 1->2 rolled back"))
                    .singleElement()
                    .asString()
                    .contains("its application failed: no database");
            assertThat(first.getBean(Graceful.class).isServing()).isTrue();
        } finally {
            System.clearProperty("gracefulnetty.probation");
        }
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void shouldLeaveNothingBehindWhereTheFirstGenerationCannotStart(Step step) {
        assertThatThrownBy(() -> start("handoff.sock", "--failing=" + step)).hasStackTraceContaining("no database");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldStopWithoutTheDrainIfThatBlocksForEver() throws Exception {
        BlockingDrain drain = new BlockingDrain();
        try (LogLines log = new LogLines(GracefulEnding.class.getName())) {
            ConfigurableApplicationContext context =
                    start("handoff.sock", log, "--graceful-netty.drain-timeout=1ms", "--impatient=true");
            drain.of(context.getBean(Graceful.class));
            CompletableFuture.runAsync(context::close).get(60, TimeUnit.SECONDS);
            assertThat(log.containing("told to stop 2 ms ago and not drained")).hasSize(1);
        } finally {
            drain.unblock();
        }
    }

    private ConfigurableApplicationContext start(String handoff, LogLines log, String... more) {
        return start(handoff, () -> log.listen(), more);
    }

    private ConfigurableApplicationContext start(String handoff, String... more) {
        return start(handoff, () -> {}, more);
    }

    /** @param prepared when the application has set up its log */
    private ConfigurableApplicationContext start(String handoff, Runnable prepared, String... more) {
        Application.slowRequest = new CountDownLatch(1);
        List<String> arguments = new ArrayList<>(List.of(
                "--server.port=0",
                "--graceful-netty.handoff-path=" + directory.resolve(handoff),
                "--graceful-netty.upgrade-signal=none",
                "--graceful-netty.exit-jvm=false"));
        arguments.addAll(List.of(more));
        if (arguments.stream().noneMatch(argument -> argument.contains("drain-timeout"))) {
            arguments.add("--graceful-netty.drain-timeout=10s");
        }
        ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
                .initializers(starting -> prepared.run())
                .run(arguments.toArray(String[]::new));
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

    /** Where an application fails that starts. */
    enum Step {
        BEAN,
        LIFECYCLE,
        REFRESHED,
        RUNNER,
        READY;

        private void fail(String failing) {
            if (failing.equals(name())) {
                throw new IllegalStateException("no database");
            }
        }
    }

    /** Fails where {@code --failing} says. */
    static final class Database implements SmartLifecycle, ApplicationRunner {
        private final String failing;

        Database(String failing) {
            this.failing = failing;
            Step.BEAN.fail(failing);
        }

        @Override
        public void start() {
            Step.LIFECYCLE.fail(failing);
        }

        @EventListener
        public void refreshed(ContextRefreshedEvent event) {
            Step.REFRESHED.fail(failing);
        }

        @Override
        public void run(ApplicationArguments arguments) {
            Step.RUNNER.fail(failing);
        }

        @EventListener
        public void ready(ApplicationReadyEvent event) {
            Step.READY.fail(failing);
        }

        @Override
        public void stop() {}

        @Override
        public boolean isRunning() {
            return false;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {
        private static volatile CountDownLatch slowRequest = new CountDownLatch(1);

        @Bean
        @ConditionalOnProperty("impatient")
        static GracefulEnding impatient(ConfigurableApplicationContext context) {
            return new GracefulEnding(context, Duration.ofMillis(1));
        }

        @Bean
        Database database(ObjectProvider<Graceful> graceful, @Value("${failing:nowhere}") String failing) {
            graceful.getIfAvailable(); // there is one when it fails
            return new Database(failing);
        }

        @Bean
        RouterFunction<ServerResponse> routes(ObjectProvider<Graceful> graceful) {
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

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import static io.github.gracefulnetty.FaultyServer.FAULT;
import static org.springframework.web.reactive.function.server.RouterFunctions.route;

import io.github.gracefulnetty.Graceful;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * A WebFlux application in a process of its own. It cannot start while the file {@code --down} exists. {@code GET /upgrade}
 * answers why it could not be upgraded. With {@code --blocked} its drain blocks for ever.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class BrokenApplication {
    public static void main(String[] arguments) {
        ConfigurableApplicationContext context = SpringApplication.run(BrokenApplication.class, arguments);
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation="
                + context.getBean(Graceful.class).generation() + " address=127.0.0.1:"
                + context.getEnvironment().getProperty("local.server.port"));
    }

    @Bean
    String database(@Value("${down}") Path down) {
        if (Files.exists(down)) {
            throw new IllegalStateException(FAULT + "start: no database at db:5432");
        }
        return "database";
    }

    @Bean
    @ConditionalOnProperty("blocked")
    BlockingDrain blocked(Graceful graceful) {
        return new BlockingDrain().of(graceful);
    }

    @Bean
    RouterFunction<ServerResponse> routes(Graceful graceful) {
        return route().GET(
                        "/upgrade",
                        request -> Mono.fromFuture(graceful::upgrade)
                                .map(result -> "upgraded")
                                .onErrorResume(failure -> Mono.just(String.valueOf(failure.getMessage())))
                                .flatMap(answer -> ServerResponse.ok().bodyValue(answer)))
                .build();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.spring;

import static org.springframework.web.reactive.function.server.RouterFunctions.route;

import io.github.gracefulnetty.Graceful;
import java.time.Duration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * A WebFlux application that HUP replaces, or a second copy with the same {@code --graceful-netty.handoff-path}. The
 * dependency does it: nothing here but the generation in its answers knows of graceful-netty.
 */
@SpringBootApplication
public class SpringExample {
    public static void main(String[] arguments) {
        ConfigurableApplicationContext context = SpringApplication.run(SpringExample.class, arguments);
        System.out.println("READY pid=" + ProcessHandle.current().pid() + " generation="
                + context.getBean(Graceful.class).generation() + " address=127.0.0.1:"
                + context.getEnvironment().getProperty("local.server.port"));
    }

    /** {@code GET /} answers at once, {@code GET /slow?ms=N} after N ms. */
    @Bean
    RouterFunction<ServerResponse> routes(Graceful graceful) {
        String who = ProcessHandle.current().pid() + " " + graceful.generation() + "\n";
        return route().GET("/", request -> ServerResponse.ok().bodyValue(who))
                .GET("/slow", request -> {
                    long millis = request.queryParam("ms").map(Long::parseLong).orElse(1_000L);
                    return Mono.delay(Duration.ofMillis(millis))
                            .flatMap(tick -> ServerResponse.ok().bodyValue(who));
                })
                .build();
    }
}

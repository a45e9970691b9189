// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.reactor.spring;

import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.reactor.GracefulLoopResources;
import java.time.Duration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.http.server.HttpServer;

/**
 * Makes a WebFlux application on Reactor Netty restartable: its listeners come from a predecessor and go to a successor,
 * and it ends when that serves. Each bean gives way to one of the application; {@code graceful-netty.enabled=false} turns
 * all off.
 */
@AutoConfiguration(
        beforeName = {
            // Spring Boot 3
            "org.springframework.boot.autoconfigure.web.reactive.ReactiveWebServerFactoryAutoConfiguration",
            "org.springframework.boot.autoconfigure.http.client.reactive.ClientHttpConnectorAutoConfiguration",
            "org.springframework.boot.autoconfigure.web.reactive.function.client.ClientHttpConnectorAutoConfiguration",
            // Spring Boot 4
            "org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration",
            "org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration"
        })
@ConditionalOnClass({HttpServer.class, ReactorResourceFactory.class})
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnProperty(prefix = "graceful-netty", name = "enabled", matchIfMissing = true)
@EnableConfigurationProperties(GracefulNettyProperties.class)
public class GracefulNettyAutoConfiguration {
    /** How long, beyond the drain timeout, an application that was told to stop may take to end: as without Spring. */
    private static final Duration BEYOND = Duration.ofSeconds(5);

    /** Stops each bean that is a {@link Graceful}, the application's own, too. */
    @Bean
    @ConditionalOnMissingBean
    static GracefulEnding gracefulEnding(ConfigurableApplicationContext context) {
        return new GracefulEnding(context, BEYOND);
    }

    /** Takes over from a predecessor, if there is one; if it cannot, the application does not start. */
    @Bean(destroyMethod = "") // as Spring would wait for it without a limit
    @ConditionalOnMissingBean
    Graceful graceful(GracefulNettyProperties properties) {
        return properties.builder().build();
    }

    /** The loops of the server and of reactive clients. When they end, the connections are drained already. */
    @Bean
    @ConditionalOnMissingBean
    ReactorResourceFactory reactorResourceFactory(Graceful graceful, Environment environment) {
        ReactorResourceFactory factory = new ReactorResourceFactory();
        factory.setUseGlobalResources(false);
        factory.setLoopResourcesSupplier(() -> GracefulLoopResources.of(graceful));
        factory.setShutdownQuietPeriod(
                environment.getProperty("spring.reactor.netty.shutdown-quiet-period", Duration.class, Duration.ZERO));
        return factory;
    }

    @Bean
    @Lazy(false)
    @ConditionalOnMissingBean
    GracefulLifecycle gracefulLifecycle(
            Graceful graceful,
            ConfigurableApplicationContext context,
            GracefulNettyProperties properties,
            GracefulEnding ending) {
        return new GracefulLifecycle(graceful, context, properties.exitJvm(), ending);
    }
}

// SPDX-License-Identifier: Apache-2.0

/** Servers of Reactor Netty and Spring WebFlux that a new process replaces without any client noticing. */
module io.github.gracefulnetty.reactor {
    requires transitive io.github.gracefulnetty;
    requires transitive reactor.netty.core;
    requires transitive reactor.core;
    requires static reactor.netty.http;
    requires static spring.beans;
    requires static spring.boot;
    requires static spring.boot.autoconfigure;
    requires static spring.context;
    requires static spring.core;
    requires static spring.web;
    requires static org.jspecify;

    exports io.github.gracefulnetty.reactor;

    // For Spring alone, which looks for it by name.
    opens io.github.gracefulnetty.reactor.spring;
}

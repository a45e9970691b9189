// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FixedPortsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "-Dcom.sun.management.jmxremote.port=9010",
                "-Dcom.sun.management.jmxremote.rmi.port=9010",
                "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=5005",
                "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005",
                "-agentlib:jdwp=address=localhost:5005,server=y,transport=dt_socket",
                "-Xrunjdwp:transport=dt_socket,server=y,address=5005",
                "-javaagent:/opt/jmx_prometheus_javaagent.jar=9404:config.yaml",
                "-javaagent:/opt/jmx_prometheus_javaagent.jar=0.0.0.0:9404:config.yaml",
                "-javaagent:jolokia.jar=port=8778,host=localhost"
            })
    void shouldFindWhatTwoProcessesCannotHave(String option) {
        assertThat(FixedPorts.in(List.of("java", option, "-jar", "app.jar"), Map.of()))
                .containsExactly(option);
        assertThat(FixedPorts.in(List.of("java"), Map.of("JAVA_TOOL_OPTIONS", "-Xmx1g " + option)))
                .containsExactly(option);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-Dcom.sun.management.jmxremote.port=0",
                "-Dcom.sun.management.jmxremote.ssl=false",
                "-Dserver.port=8080",
                "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n",
                "-agentlib:jdwp=transport=dt_socket,server=y,address=*:0",
                "-agentlib:jdwp=transport=dt_socket,server=n,address=ide:5005",
                "-javaagent:/opt/tracer-1.32.jar",
                "-javaagent:/opt/tracer.jar=service=shop"
            })
    void shouldSayNothingOfWhatDoesNoHarm(String option) {
        assertThat(FixedPorts.in(List.of("java", option), Map.of("JDK_JAVA_OPTIONS", option)))
                .isEmpty();
    }

    @Test
    void shouldNotTakeTheArgumentsOfTheApplicationForOptions() {
        assertThat(FixedPorts.in(List.of("java", "-jar", "app.jar", "--port", "8080"), Map.of()))
                .isEmpty();
    }
}

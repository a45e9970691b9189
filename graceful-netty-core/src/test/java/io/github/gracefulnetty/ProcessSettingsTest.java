// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.upgrade.ExternalSettings;
import io.github.gracefulnetty.internal.upgrade.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessSettingsTest {
    @Test
    void shouldHandleTheUsualSignalsAndBeReadyByItselfByDefault() {
        Settings settings = read(Map.of(), Map.of());
        assertThat(settings.upgradeOnSignal()).containsExactly("HUP");
        assertThat(settings.stopOnSignal()).containsExactly("TERM", "INT");
        assertThat(settings.readyWhenListenersAreClaimed()).isTrue();
        assertThat(settings.handoffPath()).isNull();
    }

    @Test
    void shouldPreferTheSystemPropertyToTheEnvironment() {
        Settings settings = read(
                Map.of(
                        "gracefulnetty.drainTimeout", "5s",
                        "gracefulnetty.upgradeOnSignal", "none",
                        "gracefulnetty.application", "orders"),
                Map.of(
                        "GRACEFUL_NETTY_DRAIN_TIMEOUT", "9s",
                        "GRACEFUL_NETTY_HANDOFF_PATH", "/run/app/h.sock",
                        "GRACEFUL_NETTY_UPGRADE_TIMEOUT", "1500ms"));
        assertThat(settings.drainTimeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(settings.upgradeTimeout()).isEqualTo(Duration.ofMillis(1500));
        assertThat(settings.handoffPath()).isEqualTo(Path.of("/run/app/h.sock"));
        assertThat(settings.upgradeOnSignal()).isEmpty();
        assertThat(settings.application()).isEqualTo("orders");
    }

    @Test
    void shouldNameTheSettingThatMakesNoSense() {
        assertThatThrownBy(() -> read(Map.of("gracefulnetty.drainTimeout", "soon"), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("gracefulnetty.drainTimeout=soon: not a duration, write for instance 30s, 500ms or 2m");
        assertThatThrownBy(() -> read(Map.of(), Map.of("GRACEFUL_NETTY_DRAIN_TIMEOUT", "0s")))
                .hasMessage("GRACEFUL_NETTY_DRAIN_TIMEOUT=0s: drainTimeout must be more than 0, not PT0S");
    }

    /** Otherwise it would be counted in nanoseconds when it is too late, and a stop would never end. */
    @ParameterizedTest
    @ValueSource(strings = {"drainTimeout", "upgradeTimeout", "probation"})
    void shouldTakeNoTimeThatHasNoEnd(String setting) {
        assertThat(read(Map.of("gracefulnetty." + setting, "P365D"), Map.of()).toString())
                .contains(setting + "=PT8760H");
        String limit = setting + " must be at most 365 days, not ";
        assertThatThrownBy(() -> read(Map.of("gracefulnetty." + setting, "PT8760H0.001S"), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("gracefulnetty." + setting + "=PT8760H0.001S: " + limit + "PT8760H0.001S");
        String variable =
                "GRACEFUL_NETTY_" + setting.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
        assertThatThrownBy(() -> read(Map.of(), Map.of(variable, Long.MAX_VALUE + "s")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(variable + "=" + Long.MAX_VALUE + "s: " + limit + Duration.ofSeconds(Long.MAX_VALUE));
        Duration forever = ChronoUnit.FOREVER.getDuration();
        assertThatThrownBy(() -> set(setting, forever))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(limit + forever);
    }

    private static void set(String setting, Duration time) {
        Graceful.Builder builder = Graceful.builder();
        switch (setting) {
            case "drainTimeout" -> builder.drainTimeout(time);
            case "upgradeTimeout" -> builder.upgradeTimeout(time);
            default -> builder.probation(time);
        }
    }

    private static Settings read(Map<String, String> properties, Map<String, String> environment) {
        return Graceful.builder()
                .everythingFrom(new ExternalSettings(properties::get, environment))
                .settings();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.activation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActivationVariablesTest {
    private static final long OWN_PID = 42;

    @Test
    void shouldPassNothingWithoutVariables() {
        assertThat(names(Map.of())).isEmpty();
    }

    @Test
    void shouldPassNothingWhenTheVariablesAreEmptyOrTheCountIsZero() {
        assertThat(names(Map.of("LISTEN_PID", "", "LISTEN_FDS", "1"))).isEmpty();
        assertThat(names(Map.of("LISTEN_PID", "42", "LISTEN_FDS", ""))).isEmpty();
        assertThat(names(Map.of("LISTEN_PID", "42", "LISTEN_FDS", "0"))).isEmpty();
    }

    @Test
    void shouldIgnoreWhatIsMeantForAnotherProcessEvenNonsense() {
        assertThat(names(Map.of("LISTEN_PID", "43", "LISTEN_FDS", "abc"))).isEmpty();
        assertThat(names(Map.of("LISTEN_FDS", "2"))).isEmpty();
    }

    @Test
    void shouldReadNamesAndDuplicateNames() {
        assertThat(names(Map.of("LISTEN_PID", "42", "LISTEN_FDS", "3", "LISTEN_FDNAMES", "web:web:")))
                .containsExactly("web", "web", "LISTEN_FD_5");
    }

    @Test
    void shouldNameThemByNumberWhenThereAreNoNames() {
        assertThat(names(Map.of("LISTEN_PID", "42", "LISTEN_FDS", "2"))).containsExactly("LISTEN_FD_3", "LISTEN_FD_4");
    }

    @ParameterizedTest
    @CsvSource({
        "LISTEN_PID, x1, 'LISTEN_PID=x1 is not a number'",
        "LISTEN_FDS, abc, 'LISTEN_FDS=abc is not a number'",
        "LISTEN_FDS, -1, 'LISTEN_FDS=-1 is out of range (0 to 65536)'",
        "LISTEN_FDS, 70000, 'LISTEN_FDS=70000 is out of range (0 to 65536)'",
        "LISTEN_FDNAMES, a:b, 'LISTEN_FDNAMES=a:b has 2 names, but LISTEN_FDS announces 1 descriptors'",
    })
    void shouldSayWhichVariableMakesNoSense(String variable, String value, String message) {
        Map<String, String> environment = new HashMap<>(Map.of("LISTEN_PID", "42", "LISTEN_FDS", "1"));
        environment.put(variable, value);
        assertThatThrownBy(() -> names(environment))
                .isInstanceOf(ActivationException.class)
                .hasMessage(message);
    }

    @Test
    void shouldRemoveEveryVariableForChildren() {
        Map<String, String> environment = new HashMap<>(Map.of(
                "LISTEN_PID", "1", "LISTEN_FDS", "1", "LISTEN_FDNAMES", "a", "LISTEN_PIDFDID", "7", "PATH", "/bin"));
        Activation.removeFrom(environment);
        assertThat(environment).containsOnlyKeys("PATH");
    }

    private static List<String> names(Map<String, String> environment) {
        return ActivationVariables.names(environment, OWN_PID);
    }
}

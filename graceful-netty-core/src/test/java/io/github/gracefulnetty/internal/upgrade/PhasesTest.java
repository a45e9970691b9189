// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.upgrade.Phases.Event;
import io.github.gracefulnetty.internal.upgrade.Phases.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PhasesTest {
    private final Phases phases = new Phases();

    @AfterEach
    void watchNothing() {
        Phases.watch((from, event, after) -> {});
    }

    @Test
    void shouldServeAloneWhenThereIsNoPredecessor() {
        phases.enter(Event.READY, new Phase.Serving());
        assertThat(phases.current().serves()).isTrue();
    }

    @Test
    void shouldRejectWhatTheTableDoesNotContainAndChangeNothing() {
        assertThatThrownBy(() -> phases.enter(Event.DRAINED, new Phase.Exited()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("DRAINED does not lead from Starting to Exited");
        assertThat(phases.current()).isEqualTo(new Phase.Starting());
    }

    @Test
    void shouldRejectAPhaseThatTheEventDoesNotLeadTo() {
        assertThatThrownBy(() -> phases.enter(Event.READY, new Phase.Failed()))
                .hasMessage("READY does not lead from Starting to Failed");
    }

    @Test
    void shouldStayWhereItIsWhenSomethingFailsBeforeItEnters() {
        Phases.watch((from, event, after) -> fail(!after));
        assertThatThrownBy(() -> phases.enter(Event.READY, new Phase.Serving())).isInstanceOf(AssertionError.class);
        assertThat(phases.current()).isEqualTo(new Phase.Starting());
    }

    @Test
    void shouldLeaveWhateverFailsBeforeOrAfter() {
        Phases.watch((from, event, after) -> fail(true));
        assertThatThrownBy(() -> phases.leave(Event.READY, new Phase.Serving())).isInstanceOf(AssertionError.class);
        assertThat(phases.current()).isEqualTo(new Phase.Serving());
    }

    private static void fail(boolean really) {
        if (really) {
            throw new AssertionError("nobody expected this");
        }
    }

    @Test
    void shouldLeadFromEveryPhaseToAnEnd() {
        for (String phase : phases()) {
            Set<String> reachable = new HashSet<>(Set.of(phase));
            Deque<String> open = new ArrayDeque<>(reachable);
            while (!open.isEmpty()) {
                String from = open.remove();
                for (Row row : Phases.table()) {
                    if (row.from().equals(from) && reachable.add(row.to())) {
                        open.add(row.to());
                    }
                }
            }
            assertThat(reachable).as("from %s", phase).containsAnyOf("Exited", "Failed");
        }
    }

    @Test
    void shouldLeadToEveryPhaseAndFromNothingElse() {
        Set<String> targets = Phases.table().stream().map(Row::to).collect(Collectors.toSet());
        targets.add(new Phase.Starting().name());
        assertThat(targets).containsExactlyInAnyOrderElementsOf(phases());
        assertThat(phases()).containsAll(Phases.table().stream().map(Row::from).toList());
    }

    /** All records of the sealed type. */
    private static Set<String> phases() {
        return leaves(Phase.class).map(Class::getSimpleName).collect(Collectors.toSet());
    }

    private static Stream<Class<?>> leaves(Class<?> type) {
        return type.isSealed()
                ? Arrays.stream(Objects.requireNonNull(type.getPermittedSubclasses()))
                        .flatMap(PhasesTest::leaves)
                : Stream.of(type);
    }

    @Test
    void shouldBeDocumentedAsItIs() throws IOException {
        List<String> rows = Phases.table().stream()
                .map(row -> "| " + row.from() + " | " + row.event() + " | " + row.to() + " |")
                .toList();
        Path document = Path.of("../docs/architecture.md");
        List<String> documented = Files.readAllLines(document).stream()
                .filter(line -> line.matches("\\| [A-Z]\\w+ \\| [A-Z_]+ \\| [A-Z]\\w+ \\|"))
                .toList();
        assertThat(documented).isEqualTo(rows);
    }
}

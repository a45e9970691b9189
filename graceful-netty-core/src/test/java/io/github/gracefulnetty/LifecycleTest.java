// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.Lifecycle.Event;
import io.github.gracefulnetty.Lifecycle.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LifecycleTest {
    private final Lifecycle lifecycle = new Lifecycle();

    @Test
    void shouldServeAloneWhenThereIsNoPredecessor() {
        assertThat(fire(Event.READY)).isEqualTo(State.SERVING);
    }

    @Test
    void shouldTakeOverInTheOrderOfTheProtocol() {
        assertThat(fire(Event.PREDECESSOR_FOUND, Event.RECEIVED, Event.READY, Event.COMMITTED))
                .isEqualTo(State.SERVING);
    }

    @Test
    void shouldHandOverInTheOrderOfTheProtocol() {
        fire(Event.READY);
        assertThat(fire(
                        Event.UPGRADE_REQUESTED,
                        Event.SUCCESSOR_CONNECTED,
                        Event.TRANSFERRED,
                        Event.SUCCESSOR_READY,
                        Event.SUCCESSOR_SERVING,
                        Event.PROBATION_PASSED,
                        Event.DRAINED))
                .isEqualTo(State.EXITED);
    }

    @Test
    void shouldServeAgainWhenTheSuccessorFailsOnProbation() {
        fire(Event.READY);
        assertThat(fire(
                        Event.UPGRADE_REQUESTED,
                        Event.SUCCESSOR_CONNECTED,
                        Event.TRANSFERRED,
                        Event.SUCCESSOR_READY,
                        Event.SUCCESSOR_SERVING,
                        Event.RESUMED))
                .isEqualTo(State.SERVING);
        assertThat(lifecycle.allows(Event.UPGRADE_REQUESTED)).isTrue();
    }

    @Test
    void shouldServeOnAfterAFailureAtAnyStepOfAnUpgradeAndUpgradeAgain() {
        fire(Event.READY);
        List<Event> steps =
                List.of(Event.UPGRADE_REQUESTED, Event.SUCCESSOR_CONNECTED, Event.TRANSFERRED, Event.SUCCESSOR_READY);
        for (int failAfter = 1; failAfter <= steps.size(); failAfter++) {
            fire(steps.subList(0, failAfter).toArray(new Event[0]));
            assertThat(fire(Event.UPGRADE_FAILED)).isEqualTo(State.SERVING);
        }
    }

    @Test
    void shouldRejectASecondUpgradeWhileOneRuns() {
        fire(Event.READY, Event.UPGRADE_REQUESTED);
        assertThat(lifecycle.allows(Event.UPGRADE_REQUESTED)).isFalse();
        assertThatThrownBy(() -> lifecycle.fire(Event.UPGRADE_REQUESTED))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("UPGRADE_REQUESTED cannot happen in state SPAWNING");
        assertThat(lifecycle.state()).isEqualTo(State.SPAWNING);
    }

    @Test
    void shouldRejectWhateverTheTableDoesNotContain() {
        for (State state : State.values()) {
            for (Event event : Event.values()) {
                State next = Lifecycle.table().getOrDefault(state, Map.of()).get(event);
                Lifecycle reached = at(state);
                if (next == null) {
                    assertThatThrownBy(() -> reached.fire(event)).isInstanceOf(IllegalStateException.class);
                    assertThat(reached.state()).isEqualTo(state);
                } else {
                    assertThat(reached.fire(event)).isEqualTo(next);
                }
            }
        }
    }

    @Test
    void shouldLeadFromEveryStateToAnEnd() {
        for (State state : State.values()) {
            Set<State> reachable = EnumSet.of(state);
            Deque<State> open = new ArrayDeque<>(reachable);
            while (!open.isEmpty()) {
                for (State next :
                        Lifecycle.table().getOrDefault(open.remove(), Map.of()).values()) {
                    if (reachable.add(next)) {
                        open.add(next);
                    }
                }
            }
            assertThat(reachable).as("from %s", state).containsAnyOf(State.EXITED, State.FAILED);
        }
    }

    @Test
    void shouldBeDocumentedAsItIs() throws IOException {
        String rows = Lifecycle.table().entrySet().stream()
                .flatMap(from -> from.getValue().entrySet().stream()
                        .map(to -> "| " + from.getKey() + " | " + to.getKey() + " | " + to.getValue() + " |"))
                .collect(Collectors.joining("\n"));
        assertThat(Files.readString(Path.of("../docs/architecture.md"))).contains(rows);
    }

    private State fire(Event... events) {
        State state = lifecycle.state();
        for (Event event : events) {
            state = lifecycle.fire(event);
        }
        return state;
    }

    /** A lifecycle brought to {@code target} by the shortest way that the table offers. */
    private static Lifecycle at(State target) {
        Deque<List<Event>> ways = new ArrayDeque<>(List.of(List.<Event>of()));
        while (true) {
            List<Event> way = ways.remove();
            Lifecycle lifecycle = new Lifecycle();
            way.forEach(lifecycle::fire);
            if (lifecycle.state() == target) {
                return lifecycle;
            }
            for (Event event : Event.values()) {
                if (lifecycle.allows(event) && way.size() < 12) {
                    ways.add(Stream.concat(way.stream(), Stream.of(event)).toList());
                }
            }
        }
    }
}

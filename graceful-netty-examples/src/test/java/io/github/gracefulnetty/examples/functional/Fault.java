// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.FaultyServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Something that goes wrong at one point of one upgrade, and who is expected to serve afterwards.
 *
 * @param way how the upgrade is begun
 * @param point where it happens
 * @param side to which of the two
 * @param action what happens to it
 */
record Fault(Way way, Point point, Side side, Action action) {
    /** How an upgrade begins. */
    enum Way {
        HUP,
        COPY
    }

    /** One of the two processes of an upgrade. */
    enum Side {
        PREDECESSOR,
        SUCCESSOR
    }

    /** What can happen to a process. */
    enum Action {
        /** Signal 9. */
        KILL,
        /** It exits with status 0. */
        EXIT,
        /** It is stopped by a signal, until the other one has dealt with it. */
        HANG,
        /** The connections between the two end. */
        CUT,
        /** Something is thrown there that nobody expected: a class that cannot be loaded any more. */
        THROW
    }

    /** Who serves in the end. */
    enum Outcome {
        PREDECESSOR,
        SUCCESSOR,
        NOBODY
    }

    /** How far an upgrade is. */
    private enum Progress {
        ALONE,
        CONNECTING,
        TRANSFERRING,
        /** The successor has everything. */
        RECEIVED,
        /** The successor may accept. */
        COMMITTED,
        /** The successor is confirmed, the predecessor still drains. */
        CONFIRMED,
        /** Nothing is taken back any more. */
        DRAINED
    }

    /** A change of state in one of the two, before or after it. */
    record Point(String from, String event, boolean after) {
        String file() {
            return FaultyServer.point(from, event, after);
        }

        @Override
        public String toString() {
            return (after ? "after " : "before ") + event + " in " + from;
        }
    }

    private static final List<List<String>> CHANGES = List.of(
            List.of("Serving", "UPGRADE_REQUESTED"),
            List.of("Starting", "PREDECESSOR_FOUND"),
            List.of("Spawning", "SUCCESSOR_CONNECTED"),
            List.of("Serving", "SUCCESSOR_CONNECTED"),
            List.of("Transferring", FaultyServer.DESCRIPTOR),
            List.of("Receiving", FaultyServer.DESCRIPTOR),
            List.of("Receiving", "RECEIVED"),
            List.of("Transferring", "TRANSFERRED"),
            List.of("Initialising", "READY"),
            List.of("AwaitingReady", "SUCCESSOR_READY"),
            List.of("Committing", "COMMITTED"),
            List.of("HandingOver", "SUCCESSOR_SERVING"),
            List.of("OnProbation", "CONFIRMED"),
            List.of("Draining", "DRAINED"));

    /** All that can happen, in the order of an upgrade. */
    static List<Fault> all() {
        List<Fault> all = new ArrayList<>();
        for (Way way : Way.values()) {
            for (List<String> change : CHANGES) {
                for (boolean after : new boolean[] {false, true}) {
                    Point point = new Point(change.get(0), change.get(1), after);
                    for (Side side : Side.values()) {
                        for (Action action : Action.values()) {
                            Fault fault = new Fault(way, point, side, action);
                            if (fault.isPossible()) {
                                all.add(fault);
                            }
                        }
                    }
                }
            }
        }
        return all;
    }

    private boolean isPossible() {
        boolean otherWay = way == Way.COPY
                ? point.event().equals("UPGRADE_REQUESTED") || point.from().equals("Spawning")
                : point.equals(new Point("Serving", "SUCCESSOR_CONNECTED", point.after()));
        boolean nobodyThere = progress() == Progress.ALONE && side == Side.SUCCESSOR;
        boolean elsewhere = (action == Action.CUT || action == Action.THROW) && side != passes();
        return !otherWay && !nobodyThere && !elsewhere;
    }

    /** Who comes to this point. */
    Side passes() {
        return switch (point.event()) {
            case FaultyServer.DESCRIPTOR -> point.from().equals("Receiving") ? Side.SUCCESSOR : Side.PREDECESSOR;
            case "PREDECESSOR_FOUND", "RECEIVED", "READY", "COMMITTED" -> Side.SUCCESSOR;
            default -> Side.PREDECESSOR;
        };
    }

    private Progress progress() {
        return switch (point.event()) {
            case "UPGRADE_REQUESTED" -> Progress.ALONE;
            case "PREDECESSOR_FOUND" -> Progress.CONNECTING;
            case "SUCCESSOR_CONNECTED", FaultyServer.DESCRIPTOR -> Progress.TRANSFERRING;
            case "RECEIVED", "TRANSFERRED", "READY", "SUCCESSOR_READY" -> Progress.RECEIVED;
            case "COMMITTED", "SUCCESSOR_SERVING" -> Progress.COMMITTED;
            case "CONFIRMED" -> Progress.CONFIRMED;
            default -> Progress.DRAINED;
        };
    }

    /** Who has to serve when it is over. */
    Outcome expected() {
        Progress progress = progress();
        boolean settled = progress.compareTo(Progress.CONFIRMED) >= 0;
        if (action == Action.THROW) {
            boolean onlyLanes = point.event().equals(FaultyServer.DESCRIPTOR) && passes() == Side.PREDECESSOR;
            return settled || onlyLanes ? Outcome.SUCCESSOR : Outcome.PREDECESSOR; // without lanes nothing moves
        }
        if (action == Action.CUT) {
            boolean connected = progress.compareTo(Progress.TRANSFERRING) >= 0;
            return connected && !settled ? Outcome.PREDECESSOR : Outcome.SUCCESSOR;
        }
        if (side == Side.SUCCESSOR) {
            if (action == Action.HANG) {
                boolean nobodyWaits = way == Way.COPY && progress == Progress.CONNECTING;
                return settled || nobodyWaits ? Outcome.SUCCESSOR : Outcome.PREDECESSOR;
            }
            return progress == Progress.DRAINED ? Outcome.NOBODY : Outcome.PREDECESSOR;
        }
        if (action == Action.HANG) {
            boolean waitedFor = progress != Progress.ALONE && progress.compareTo(Progress.COMMITTED) < 0;
            return waitedFor ? Outcome.PREDECESSOR : Outcome.SUCCESSOR;
        }
        return progress == Progress.ALONE ? Outcome.NOBODY : Outcome.SUCCESSOR;
    }

    /** Whether a predecessor that serves has heard of the upgrade. */
    boolean isNoticed() {
        return way == Way.HUP || progress() != Progress.CONNECTING;
    }

    boolean hasSuccessor() {
        return progress() != Progress.ALONE;
    }

    /** Whether the only process that has the listener dies. */
    boolean losesTheListener() {
        return expected() == Outcome.NOBODY
                || (side == Side.PREDECESSOR
                        && (action == Action.KILL || action == Action.EXIT)
                        && progress().compareTo(Progress.RECEIVED) < 0);
    }

    /** Whether a process dies with requests in its hands. */
    boolean losesRequests() {
        return action == Action.KILL || action == Action.EXIT || losesTheListener() || killsAHungChild();
    }

    /** A predecessor ends what it has started; requests that it had accepted, and answered no more, go with it. */
    private boolean killsAHungChild() {
        boolean child = way == Way.HUP && side == Side.SUCCESSOR;
        return (child || action == Action.CUT) && progress() == Progress.COMMITTED;
    }

    /** A row of the table in the docs. */
    String row() {
        return "| " + (way == Way.HUP ? "upgrade" : "second copy") + " | " + point + " | " + lower(side) + " | "
                + lower(action) + " | " + lower(expected()) + " |";
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A {@link HandoffSender} and any number of {@link HandoffReceiver}s, all at one path, each started and warm. */
final class HandoffProcesses {
    private final TestProcesses processes;
    private final Path directory;
    private final Path path;
    private int count;
    ControlledProcess sender;
    /** What the sender has open while it has nothing to offer. */
    List<String> senderBefore = List.of();

    HandoffProcesses(TestProcesses processes, Path directory) {
        this.processes = processes;
        this.directory = directory;
        this.path = directory.resolve("handoff.sock");
    }

    Path path() {
        return path;
    }

    void startSender(String kind, int number, int bytesOfMetadata, String... through) throws IOException {
        startSender(
                JavaCommand.main(HandoffSender.class).through(through),
                kind,
                Integer.toString(number),
                Integer.toString(bytesOfMetadata));
    }

    /** @param command that starts it, with the arguments after the path still to come */
    void startSender(JavaCommand command, String... arguments) throws IOException {
        sends(start(command, arguments));
    }

    /** This is the sender; it has nothing to offer yet. */
    void sends(ControlledProcess process) {
        sender = process;
        senderBefore = process.descriptors();
    }

    /** Lets the sender open what it has, and offer it. */
    List<String> letSenderOffer() throws IOException {
        sender.let("open");
        List<String> open = sender.descriptors();
        sender.let("offer");
        return open;
    }

    ControlledProcess startReceiver(String what, String... through) throws IOException {
        return startReceiver(JavaCommand.main(HandoffReceiver.class).through(through), what);
    }

    /** @param command that starts it, with the arguments still to come */
    ControlledProcess startReceiver(JavaCommand command, String what) throws IOException {
        return start(command, what);
    }

    /** Starts a program that gets the directory of its steps, the path, and these arguments, and waits until it is warm. */
    ControlledProcess start(JavaCommand command, String... arguments) throws IOException {
        Steps steps = newSteps();
        command.with(steps.directory().toString(), path.toString()).with(arguments);
        return started(processes.start(command), steps);
    }

    /** The same for a main class that another user runs. */
    ControlledProcess start(Unprivileged user, Class<?> main, int descriptors, String... arguments) throws IOException {
        Steps steps = newSteps();
        Unprivileged.give(steps.directory());
        List<String> all = new ArrayList<>(List.of(steps.directory().toString(), path.toString()));
        all.addAll(List.of(arguments));
        return started(processes.start(user.main(main, descriptors, all.toArray(String[]::new))), steps);
    }

    private Steps newSteps() throws IOException {
        return new Steps(Files.createDirectory(directory.resolve("steps" + count++)));
    }

    private static ControlledProcess started(RunningProcess process, Steps steps) {
        process.out().await("DONE start");
        return new ControlledProcess(process, steps);
    }

    /** Lets the sender close all, looks whether anything is left, and lets it end. */
    void endSender(List<String> open) throws IOException {
        sender.let("stop");
        sender.awaitDescriptors(open);
        sender.let("close");
        sender.awaitDescriptors(senderBefore);
        sender.end();
    }
}

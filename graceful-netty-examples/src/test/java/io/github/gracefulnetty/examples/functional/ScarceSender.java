// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import io.github.gracefulnetty.handoff.DescriptorServer;
import io.github.gracefulnetty.handoff.Offer;
import io.github.gracefulnetty.handoff.Offerer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Offers a file three times, while it may open no descriptor at all, then one, then two, and so on. */
final class ScarceSender {
    private ScarceSender() {}

    /** Arguments: the directory of steps, the path, how many may be free at most. */
    public static void main(String... arguments) throws Exception {
        Steps steps = new Steps(Path.of(arguments[0]));
        OwnDescriptors.warmUp(steps.directory());
        Path data = Files.createFile(steps.directory().resolve("data"));
        Steps.done("start");
        steps.await("open");
        try (FileChannel file = FileChannel.open(data, StandardOpenOption.READ);
                OwnDescriptors own = new OwnDescriptors()) {
            Offer offer = Offer.file(file);
            try (DescriptorServer server =
                    DescriptorServer.listen(Path.of(arguments[1]), Offerer.of(offer, offer, offer))) {
                Steps.done("open");
                for (int free = 0; free <= Integer.parseInt(arguments[2]); free++) {
                    steps.await("leave " + free);
                    own.leave(free);
                    Steps.done("leave " + free);
                    steps.await("release " + free);
                    own.close();
                    Steps.done("release " + free);
                }
                steps.await("close");
                Files.delete(data);
                System.out.println("CLOSES " + server.path());
            }
        }
        Steps.done("close");
        steps.await("end");
    }
}

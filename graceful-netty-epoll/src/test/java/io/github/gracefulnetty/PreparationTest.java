// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.internal.upgrade.Preparation;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DescriptorGate.class)
class PreparationTest {
    @Test
    void shouldGiveWhatWasBegunToTheFirstWhoAsksAndNewOnesToOthers() {
        Preparation.beginNow();
        Preparation.beginNow();
        Preparation first = Preparation.take();
        Preparation second = Preparation.take();
        assertThat(first.found().transport()).isNotNull();
        assertThat(first.control()).isNotSameAs(second.control());
        for (Preparation preparation : new Preparation[] {first, second}) {
            preparation.control().execute(preparation.control()::shutDown);
            await().until(preparation.control().loop()::isTerminated);
        }
    }

    @Test
    void shouldDoNothingInAProcessWithoutAPredecessor() {
        Graceful.prepare();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("graceful-netty-prepare");
    }

    @Test
    void shouldServeWithWhatWasPrepared() throws Exception {
        Preparation.beginNow();
        try (Greeter greeter = new Greeter("prepared", Graceful.builder())) {
            InetSocketAddress address = (InetSocketAddress)
                    greeter.bind(new InetSocketAddress("127.0.0.1", 0)).localAddress();
            greeter.graceful.ready().join();
            assertThat(Greeter.ask(address)).isEqualTo("prepared");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.unix.Socket;
import org.junit.jupiter.api.Test;

/** No native library is loaded in this module's tests, so each socket ends in an error: the worst that can happen. */
class ServiceManagerTest {
    @Test
    void shouldNotThrowWhateverFails() {
        assertThatThrownBy(Socket::newSocketDomainDgram).isInstanceOf(LinkageError.class);
        ServiceManager manager = ServiceManager.at("/run/nowhere/notify");

        assertThatCode(() -> {
                    manager.serving("serving");
                    manager.upgrading();
                    manager.handingOver(1);
                    manager.stopping();
                })
                .doesNotThrowAnyException();
    }
}

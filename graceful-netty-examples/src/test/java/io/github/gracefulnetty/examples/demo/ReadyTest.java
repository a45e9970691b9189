// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadyTest {

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:8080, 127.0.0.1",
        "/127.0.0.1:8080, 127.0.0.1",
        "localhost/127.0.0.1:8080, 127.0.0.1",
        "0.0.0.0:8080, 127.0.0.1",
        "[::]:8080, 127.0.0.1",
        "/[0:0:0:0:0:0:0:0]:8080, 127.0.0.1",
        "[::1]:8080, 0:0:0:0:0:0:0:1",
    })
    void saysWhereToConnect(String address, String host) {
        Ready ready =
                Ready.parse("READY pid=42 generation=3 address=" + address).orElseThrow();

        assertThat(ready.pid()).isEqualTo(42);
        assertThat(ready.generation()).isEqualTo(3);
        assertThat(ready.address().getAddress().getHostAddress()).isEqualTo(host);
        assertThat(ready.address().getPort()).isEqualTo(8080);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "READY", "READY pid=x generation=1 address=h:1", "INFO READY pid=1 generation=1"})
    void isFoundOnlyInItsOwnLine(String line) {
        assertThat(Ready.parse(line)).isEmpty();
    }

    @Test
    void isRecognisedWithMoreAfterIt() {
        assertThat(Ready.parse("READY pid=1 generation=1 address=127.0.0.1:1 more"))
                .isPresent();
    }
}

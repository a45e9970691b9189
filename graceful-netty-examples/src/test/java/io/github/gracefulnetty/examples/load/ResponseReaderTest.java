// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.ResponseReader.Progress;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseReaderTest {

    private final ResponseReader reader = new ResponseReader();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n4711 12\n",
                "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length:8  \r\nserver: y\r\n\r\n4711 12\n",
                "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n4711 12\n\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: chunked\r\n\r\n3;x=y\r\n471\r\n5\r\n1 12\n\r\n0\r\n\r\n",
            })
    void readsAResponseWhereverItIsSplit(String response) {
        for (int split = 0; split < response.length(); split++) {
            reader.reset();
            assertThat(read(response.substring(0, split))).isEqualTo(Progress.INCOMPLETE);
            assertThat(read(response.substring(split))).isEqualTo(Progress.COMPLETE);
            assertThat(reader.pid()).isEqualTo(4711);
            assertThat(reader.generation()).isEqualTo(12);
            assertThat(reader.closes()).isFalse();
        }
        reader.reset();
        for (int at = 0; at < response.length() - 1; at++) {
            assertThat(read(response.substring(at, at + 1))).isEqualTo(Progress.INCOMPLETE);
        }
        assertThat(read(response.substring(response.length() - 1))).isEqualTo(Progress.COMPLETE);
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP/1.1,close,true",
        "HTTP/1.1,Close,true",
        "HTTP/1.1,'x, close',true",
        "HTTP/1.1,keep-alive,false",
        "HTTP/1.0,keep-alive,false",
        "HTTP/1.0,x,true",
    })
    void knowsWhetherTheServerEndsTheConnection(String version, String connection, boolean closes) {
        assertThat(read(version + " 200 OK\r\nContent-Length: 4\r\nConnection: " + connection + "\r\n\r\n1 2\n"))
                .isEqualTo(Progress.COMPLETE);
        assertThat(reader.closes()).isEqualTo(closes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SSH-2.0-OpenSSH\r\n\r\n",
                "\r\n\r\n",
                "HTTP/2 200 OK\r\nContent-Length: 4\r\n\r\n1 2\n",
                "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\n1 2\n",
                "HTTP/1.1 2000 OK\r\nContent-Length: 4\r\n\r\n1 2\n",
                "HTTP/1.1 200 OK\r\n\r\n1 2\n",
                "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n1 2\n",
                "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n1 2\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n1 2\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1 2",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1 \n",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n 1\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1  2\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1 2\n\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n1 2\nH",
                "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n12345678901234567890 12\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n1 2\n\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1 2\n__0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1 2\n\r\n0\r\n\r\nH",
            })
    void rejectsEverythingElse(String response) {
        assertThat(read(response)).isEqualTo(Progress.MALFORMED);
        assertThat(reader.problem()).isNotEmpty();
    }

    private Progress read(String text) {
        return reader.read(Unpooled.copiedBuffer(text, US_ASCII));
    }
}

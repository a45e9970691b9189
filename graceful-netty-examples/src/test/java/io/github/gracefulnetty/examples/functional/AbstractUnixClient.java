// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Asks a server at an abstract unix address, which the JDK cannot connect to, who it is. */
final class AbstractUnixClient {
    private AbstractUnixClient() {}

    /** The whole answer, until the server closes. */
    static String get(String name) throws IOException {
        Epoll.ensureAvailability(); // loads the natives
        Socket socket = Socket.newSocketDomain();
        try {
            socket.connect(new DomainSocketAddress("\0" + name));
            ByteBuffer request = ByteBuffer.allocateDirect(100);
            request.put("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".getBytes(US_ASCII));
            socket.write(request, 0, request.position());
            StringBuilder answer = new StringBuilder();
            Await.until("answer from @" + name, () -> {
                ByteBuffer part = ByteBuffer.allocateDirect(1000);
                int count = socket.read(part, 0, part.capacity());
                for (int i = 0; i < count; i++) {
                    answer.append((char) part.get(i));
                }
                return count < 0;
            });
            return answer.toString();
        } finally {
            socket.close();
        }
    }
}

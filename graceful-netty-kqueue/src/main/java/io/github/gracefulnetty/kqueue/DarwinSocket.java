// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.kqueue;

import io.github.gracefulnetty.transport.SocketFacts;
import io.github.gracefulnetty.transport.SocketKind;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Asks the Darwin kernel about a socket. It has no {@code SO_DOMAIN} and no {@code SO_PROTOCOL}, and its getsockopt
 * refuses {@code SO_ACCEPTCONN} although the header names it. So the TCP layer is asked for the state of the connection:
 * only a TCP socket, of either family, has that option, and its first byte tells whether the socket listens.
 */
final class DarwinSocket {
    // From <sys/socket.h>, <netinet/tcp.h> and <netinet/tcp_fsm.h> of macOS; Netty has no names for them.
    private static final int SOL_SOCKET = 0xffff;
    private static final int SO_TYPE = 0x1008;
    private static final int SOCK_STREAM = 1;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_CONNECTION_INFO = 0x106;
    private static final int TCPS_LISTEN = 1;

    private static final int NOT_TCP = -1;

    private DarwinSocket() {}

    static SocketFacts inspect(int descriptor) throws IOException {
        Socket socket = open(descriptor);
        int state = socket.getIntOpt(SOL_SOCKET, SO_TYPE) == SOCK_STREAM ? tcpState(socket) : NOT_TCP;
        return state == NOT_TCP
                ? new SocketFacts(false, null, null)
                : new SocketFacts(state == TCPS_LISTEN, SocketKind.TCP, socket.localAddress());
    }

    private static Socket open(int descriptor) throws IOException {
        try {
            return new Socket(descriptor);
        } catch (ChannelException e) { // it has asked for the address already
            throw new IOException("descriptor " + descriptor + " is not an open socket: " + e.getMessage(), e);
        }
    }

    private static int tcpState(Socket socket) throws IOException {
        ByteBuffer firstWord = ByteBuffer.allocate(Integer.BYTES); // the kernel copies as much as there is room for
        try {
            socket.getRawOpt(IPPROTO_TCP, TCP_CONNECTION_INFO, firstWord);
        } catch (ChannelException e) {
            return NOT_TCP;
        }
        return firstWord.get(0);
    }
}

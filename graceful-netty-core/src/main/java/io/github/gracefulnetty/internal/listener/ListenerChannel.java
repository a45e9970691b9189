// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.FileDescriptor;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A listener as it is known to the {@link ListenerRegister}, and to those who bring it connections of other processes. */
public interface ListenerChannel extends ServerChannel, OpenSocket {
    /** Whether it is the open listener of that kind, address and name. On any thread. */
    boolean is(DescriptorKind itsKind, SocketAddress address, String itsName);

    /** The listening descriptor, which stays this channel's, or {@code null} if there is none. */
    @Nullable
    FileDescriptor descriptor();

    /** Takes a connection that another process accepted on this socket, as if it had just been accepted. On the event loop. */
    void arrived(Channel connection);

    /** No more connections arrive in this task. On the event loop. */
    void arrivedSoFar();
}

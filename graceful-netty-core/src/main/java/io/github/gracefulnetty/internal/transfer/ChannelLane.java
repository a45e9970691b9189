// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.netty.channel.Channel;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;

/**
 * Sends descriptors over the socket of a unix stream channel, on its event loop. Not by a write to the channel: that one
 * shuts its output down when the socket's buffer is full.
 */
final class ChannelLane implements DescriptorSender.Lane {
    /** ETOOMANYREFS of Linux, as Netty has it: too many descriptors of this user are on their way. */
    private static final int TOO_MANY_REFERENCES = -109;

    private final Channel channel;

    ChannelLane(Channel channel) {
        this.channel = channel;
    }

    @Override
    public boolean send(FileDescriptor descriptor) throws IOException {
        if (!channel.isOpen()) {
            throw new DescriptorSender.LaneLost("the receiver has closed its descriptor connection");
        }
        try {
            return ((Socket) ((UnixChannel) channel).fd()).sendFd(descriptor.intValue()) > 0;
        } catch (NativeIoException e) {
            if (e.expectedErr() == TOO_MANY_REFERENCES) {
                return false;
            }
            if (e.expectedErr() == Errors.ERRNO_EPIPE_NEGATIVE || e.expectedErr() == Errors.ERRNO_ECONNRESET_NEGATIVE) {
                throw new DescriptorSender.LaneLost("the receiver has closed its descriptor connection");
            }
            throw e;
        }
    }
}

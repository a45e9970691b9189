// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A receiver's application: keeps what it gets, and remembers the order. */
class Kept implements DescriptorHandler, AutoCloseable {
    final List<ReceivedDescriptor> descriptors = Collections.synchronizedList(new ArrayList<>());
    /** The port that each one's metadata begins with. */
    final List<Integer> ports = Collections.synchronizedList(new ArrayList<>());
    /** What happened, in order: the names of states with what they say, and those of descriptors. */
    final List<String> events = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void received(ReceivedDescriptor descriptor, byte[] metadata) throws Exception {
        events.add(descriptor.name());
        if (metadata.length >= Integer.BYTES) {
            ports.add(ByteBuffer.wrap(metadata).getInt());
        }
        descriptors.add(descriptor);
    }

    @Override
    public void states(Map<String, byte[]> states) throws Exception {
        states.forEach((name, bytes) -> events.add(name + "=" + new String(bytes, UTF_8)));
    }

    /** The ports that the kernel knows the descriptors by. */
    List<Integer> boundPorts() {
        return descriptors.stream().map(Kept::boundPort).toList();
    }

    private static int boundPort(ReceivedDescriptor descriptor) {
        return ((InetSocketAddress) Objects.requireNonNull(descriptor.localAddress(), "not bound")).getPort();
    }

    @Override
    public void close() {
        descriptors.forEach(ReceivedDescriptor::close);
    }
}

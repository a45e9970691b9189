// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.activation;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.Inherited;
import io.github.gracefulnetty.internal.descriptor.OwnedDescriptor;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.github.gracefulnetty.transport.NativeTransport;
import io.github.gracefulnetty.transport.SocketFacts;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Listeners and datagram sockets that a service manager opened for this process, as {@code systemd} and {@code systemd-socket-activate} do.
 */
public final class Activation {
    private static final AtomicBoolean TAKEN = new AtomicBoolean();

    private Activation() {}

    /**
     * Takes the passed listeners; the caller owns their descriptors. They are made non-blocking, which sets the flag for
     * every process that shares them: a blocking listener shared by two processes would hang an event loop. The variables
     * are answered once in the life of a process, later calls return nothing.
     *
     * @throws ActivationException if the variables make no sense, or a descriptor is not a listener; nothing is owned then
     */
    public static List<Inherited> take(NativeTransport transport, Map<String, String> environment) {
        List<String> names =
                ActivationVariables.names(environment, ProcessHandle.current().pid());
        if (names.isEmpty() || !TAKEN.compareAndSet(false, true)) {
            return List.of();
        }
        List<Inherited> listeners = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            int descriptor = ActivationVariables.FIRST_DESCRIPTOR + i;
            listeners.add(new Inherited(
                    -1,
                    describe(transport, descriptor, names.get(i)),
                    Bytes.NONE,
                    new OwnedDescriptor(new FileDescriptor(descriptor))));
        }
        try {
            for (Inherited listener : listeners) {
                NonBlocking.ensure(listener.descriptor().number());
            }
        } catch (IOException e) {
            throw new ActivationException("cannot make the passed sockets non-blocking: " + e.getMessage());
        }
        return listeners;
    }

    /** Removes the activation variables: they are meant for this process, not for its children. */
    public static void removeFrom(Map<String, String> environment) {
        for (String variable : ActivationVariables.ALL) {
            environment.remove(variable);
        }
    }

    private static Description describe(NativeTransport transport, int descriptor, String name) {
        String which = ActivationVariables.COUNT + ": descriptor " + descriptor + " (" + name + ")";
        SocketFacts facts;
        try {
            facts = transport.inspect(descriptor);
        } catch (IOException e) {
            throw new ActivationException(which + " is not an open socket: " + e.getMessage());
        }
        DescriptorKind kind = facts.kind();
        if (kind.isConnection()) {
            throw new ActivationException(which + " does not listen; Accept=no and ListenStream= are needed");
        }
        if (!kind.isSocket() || facts.local() == null) {
            throw new ActivationException(
                    which + " is neither a TCP, UDP nor unix socket, or it is not bound: it cannot be used");
        }
        return Description.of(facts, name);
    }
}

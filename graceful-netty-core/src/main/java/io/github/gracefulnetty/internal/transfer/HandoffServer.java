// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.descriptor.DescriptorReserve;
import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.process.OwnUid;
import io.github.gracefulnetty.internal.transport.NativeCalls;
import io.github.gracefulnetty.internal.wire.ControlHandler;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Listens on the handoff path. Each connection has to show who it is, and say one first message in time; then it belongs
 * to the runtime. All on the control loop.
 */
public final class HandoffServer {
    /** How long a process that connected may take to say something. */
    public static final long FIRST_MESSAGE_MILLIS = 5_000;

    /** How many connections may be in that state, unless the server's user says otherwise. */
    public static final int MAX_SILENT = 16;

    /** After how long it is tried again to accept, when it has failed. */
    private static final Duration ACCEPT_AGAIN = Duration.ofSeconds(1);

    /** One for bytes, one for descriptors: room is kept for both, so that a process without descriptors can be replaced. */
    private static final int CONNECTIONS_OF_A_PEER = 2;

    /** How long a peer may take to read why it is refused. */
    private static final long LAST_WORDS_MILLIS = 2_000;

    /** Who deals with the first message of a connection, in a version that it understands; it owns the connection then. */
    public interface Receptionist {
        void hello(Channel connection, PeerCredentials peer, Message.Hello hello);

        /** A descriptor connection; {@code peer} has to be the process that said hello, see {@link PeerCheck#sameProcess}. */
        void attach(Channel connection, PeerCredentials peer, Message.Attach attach);
    }

    private final NativeTransport transport;
    private final ControlLoop control;
    private final HandoffPath path;
    private final Receptionist receptionist;
    private final int maxSilent;
    private final ServerChannel channel;
    private final Set<Channel> silent = new HashSet<>();
    private final DescriptorReserve reserve;
    private boolean refilling;

    /** Binds under the temporary name, on the control loop; {@code path} is published by the caller. */
    public HandoffServer(NativeTransport transport, ControlLoop control, HandoffPath path, Receptionist receptionist)
            throws IOException {
        this(transport, control, path, receptionist, MAX_SILENT);
    }

    /**
     * Like the other constructor.
     *
     * @param maxSilent how many connections may have said nothing yet
     */
    public HandoffServer(
            NativeTransport transport, ControlLoop control, HandoffPath path, Receptionist receptionist, int maxSilent)
            throws IOException {
        this.maxSilent = maxSilent;
        this.transport = transport;
        this.control = control;
        this.path = path;
        this.receptionist = receptionist;
        OwnUid.get(); // known from now on: when somebody connects there may be no descriptor to find it out
        this.channel = path.open(transport);
        this.reserve = new DescriptorReserve(CONNECTIONS_OF_A_PEER);
        channel.pipeline().addLast(new Acceptor());
        channel.closeFuture().addListener(closed -> reserve.close());
        control.register(channel);
        path.bind(channel);
    }

    public HandoffPath path() {
        return path;
    }

    /** Closes the socket and removes its path if it is still ours. Connections that were accepted stay. */
    public void close() {
        channel.close();
        Set.copyOf(silent).forEach(Channel::close);
        removePath();
    }

    /** Removes the path if it is still ours. On any thread. */
    public void removePath() {
        try {
            path.remove();
        } catch (IOException e) {
            LOGGER.warn("graceful-netty: cannot remove unix:{}: {}", path.path(), e.toString());
        }
    }

    private final class Acceptor extends ControlHandler {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            Channel connection = (Channel) message;
            try {
                accepted(connection);
            } catch (Throwable t) {
                cannotServe(connection, t);
            }
        }

        @Override
        protected void caught(ChannelHandlerContext context, Throwable cause) {
            cannotAccept(cause);
        }
    }

    /** Whoever waits there still waits: without a pause it would be tried again at once, without an end. */
    private void cannotAccept(Throwable cause) {
        channel.config().setAutoRead(false);
        if (!NativeCalls.shortage(cause).isEmpty() && reserve.giveUp()) {
            control.execute(new AcceptAgain());
        } else {
            control.schedule(new AcceptAgain(), ACCEPT_AGAIN);
            tell("cannot accept", cause);
        }
        refillLater();
    }

    /** A class, as a lambda would be made now: there may be no room for one. */
    private final class AcceptAgain implements Runnable {
        @Override
        public void run() {
            channel.config().setAutoRead(true);
        }
    }

    private void cannotServe(Channel connection, Throwable cause) {
        tell("a connection could not be served", cause);
        if (connection.isRegistered()) {
            connection.close();
        } else {
            connection.unsafe().closeForcibly();
        }
    }

    /** Never throws. */
    private void tell(String what, Throwable cause) {
        try {
            LOGGER.warn("graceful-netty: unix:{}: {}: {}", path.path(), what, Reasons.of(cause));
        } catch (Throwable t) {
            // No line can be made. Who is at the other end sees that it is hung up on.
        }
    }

    /** Something that was opened meanwhile may have taken the room. */
    private void refill() {
        if (!reserve.fill()) {
            refillLater();
        }
    }

    private void refillLater() {
        if (!refilling) {
            refilling = true;
            control.schedule(new RefillAgain(), ACCEPT_AGAIN);
        }
    }

    private final class RefillAgain implements Runnable {
        @Override
        public void run() {
            refilling = false;
            refill();
        }
    }

    private void accepted(Channel connection) {
        FirstMessage first = new FirstMessage(connection);
        connection.closeFuture().addListener(first);
        connection.pipeline().addLast(new MessageHandler(), first);
        control.register(connection);
        try {
            PeerCredentials peer = transport.peerCredentials(connection);
            int own = OwnUid.get();
            if (peer.uid() != own) {
                refuse(connection, "unix:" + path.path() + " belongs to uid " + own + ", you are uid " + peer.uid());
                LOGGER.warn(
                        "graceful-netty: unix:{}: {} of uid {} was refused, we are uid {}",
                        path.path(),
                        OtherProcess.describe(peer.pid()),
                        peer.uid(),
                        own);
                return;
            }
        } catch (Throwable t) {
            refuse(connection, "cannot find out who you are: " + Reasons.of(t));
            return;
        }
        if (silent.size() >= maxSilent) {
            refuse(connection, "too many connections that say nothing");
            return;
        }
        silent.add(connection);
        first.timeout = control.schedule(first, Duration.ofMillis(FIRST_MESSAGE_MILLIS));
    }

    /** Says why and closes; soon, even if the other side does not read. */
    public static void refuse(Channel connection, String reason) {
        lastWord(connection, new Message.Abort(reason));
    }

    /** Says something and closes; soon, even if the other side does not read. */
    public static void lastWord(Channel connection, Message message) {
        ChannelFuture told = connection.writeAndFlush(message).addListener(ChannelFutureListener.CLOSE);
        if (!told.isDone()) {
            ScheduledFuture<?> deadline =
                    connection.eventLoop().schedule(() -> connection.close(), LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS);
            connection.closeFuture().addListener(closed -> deadline.cancel(false));
        }
    }

    private final class FirstMessage extends ControlHandler implements ChannelFutureListener, Runnable {
        private final Channel connection;
        private @Nullable ScheduledFuture<?> timeout;

        FirstMessage(Channel connection) {
            this.connection = connection;
        }

        /** It has closed. */
        @Override
        public void operationComplete(ChannelFuture closed) {
            forget();
            refill();
        }

        /** The time is over. */
        @Override
        public void run() {
            refuse(connection, "nothing was said for " + FIRST_MESSAGE_MILLIS + " ms");
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!forget()) {
                return; // refused already
            }
            context.pipeline().remove(this);
            try {
                receive((Message) message);
            } catch (Throwable t) {
                // Nobody else may have the connection yet, and this handler is not asked any more.
                LOGGER.error("graceful-netty: unix:{}: a connection could not be served", path.path(), t);
                refuse(connection, "you could not be served: " + Reasons.of(t));
            }
        }

        /** It is waited for no more; {@code false} if it was not. */
        private boolean forget() {
            ScheduledFuture<?> pending = timeout;
            if (pending != null) {
                pending.cancel(false);
            }
            return silent.remove(connection);
        }

        private void receive(Message message) throws IOException {
            if (message instanceof Message.Hello hello && !isUnderstood(hello)) {
                refuse(
                        connection,
                        "protocol version " + MessageCodec.VERSION + " is spoken here, you speak " + hello.minVersion()
                                + " to " + hello.maxVersion());
            } else if (message instanceof Message.Hello hello) {
                receptionist.hello(connection, transport.peerCredentials(connection), hello);
            } else if (message instanceof Message.Attach attach) {
                receptionist.attach(connection, transport.peerCredentials(connection), attach);
            } else if (message instanceof Message.Abort) {
                connection.close(); // changed its mind
            } else {
                refuse(
                        connection,
                        "a connection begins with Hello or Attach, not with "
                                + message.getClass().getSimpleName());
            }
        }

        private static boolean isUnderstood(Message.Hello hello) {
            return hello.minVersion() <= MessageCodec.VERSION && hello.maxVersion() >= MessageCodec.VERSION;
        }

        @Override
        protected void caught(ChannelHandlerContext context, Throwable cause) {
            LOGGER.warn("graceful-netty: unix:{}: a connection was refused: {}", path.path(), Reasons.of(cause));
            refuse(connection, Reasons.of(cause));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import static io.github.gracefulnetty.internal.process.Log.LOGGER;

import io.github.gracefulnetty.internal.process.OtherProcess;
import io.github.gracefulnetty.internal.process.UnixSocketFile;
import io.github.gracefulnetty.internal.wire.ControlHandler;
import io.github.gracefulnetty.internal.wire.Message;
import io.github.gracefulnetty.internal.wire.MessageCodec;
import io.github.gracefulnetty.internal.wire.MessageHandler;
import io.github.gracefulnetty.internal.wire.Token;
import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The successor's half of a transfer, from the connect until everything is here: one byte connection, and one that
 * carries only descriptors. What is said afterwards is its user's. On one event loop. Owns the two connections, and every
 * descriptor that arrives until it has given it to its user.
 */
public final class IncomingTransfer {
    /** How long the predecessor may be silent until everything is here, unless its user says otherwise. */
    public static final Duration PATIENCE = Duration.ofSeconds(10);

    /**
     * What happens, on the event loop. Whatever one of these methods throws, an {@link Error} too, ends this transfer and no
     * other, and its user hears of it by {@link #failed}. Else nothing happens after {@link #failed}, {@link #absent} and
     * {@link #hungUp}.
     */
    public interface Events extends DescriptorReceiver.Sink, Failure.Listener {
        /** The predecessor has accepted this process. */
        void welcome(Message.Welcome welcome);

        /** All application states are here. Comes once, before the first descriptor. */
        void states(Map<String, byte[]> states);

        /** The descriptors that were announced so far are here. */
        void complete();

        /** Whether something is said of each descriptor soon after it was received: that it is here is said then, too. */
        default boolean answersEach() {
            return false;
        }

        /**
         * How many of the first {@code count} descriptors the predecessor is told to be here: what its user is still working on need
         * not be. See {@link IncomingTransfer#used}.
         */
        default int used(int count) {
            return count;
        }

        /** Whether it is this process that is waited for: then the predecessor's silence is not its fault. */
        default boolean isBusy() {
            return false;
        }

        /** The predecessor said something else; {@code false} if that was not due. */
        boolean said(Message message);

        /** Nobody listens at the path. */
        void absent();

        /** It is over, and each side knows why. Comes once at most. */
        @Override
        void failed(String reason);

        /** It is over: the predecessor hung up without a word. */
        void hungUp();
    }

    /**
     * What is asked for.
     *
     * @param purpose what this process is here for
     * @param ticket what the predecessor gave to a process that it started, or {@link Token#NONE}
     * @param application what this process is a generation of, or empty
     * @param patience how long the predecessor may be silent until everything is here
     * @param maxApplicationState how many bytes of application state are accepted
     */
    public record Request(
            Message.Purpose purpose, Token ticket, String application, Duration patience, long maxApplicationState) {}

    private final NativeTransport transport;
    private final ControlLoop control;
    private final Request request;
    private final String where;
    private final Events events;
    private final Failure failure;
    private final LastWords lastWords;
    private final MessageHandler messages = new MessageHandler();
    private final DescriptorReceiver receiver;
    private final Acknowledgements acknowledgements;
    private final StateReceiver states;
    private final Silence silence;

    private boolean over;
    private boolean received;
    private boolean statesGiven;
    private @Nullable Channel bytes;
    private @Nullable Channel lane;
    private @Nullable Path path;
    private boolean welcomed;
    private long claimedPid;
    private long peerPid;

    /** @param where the predecessor is, for messages */
    public IncomingTransfer(
            NativeTransport transport, ControlLoop control, Request request, String where, Events events) {
        this.transport = transport;
        this.control = control;
        this.request = request;
        this.where = where;
        this.events = events;
        this.failure = new Failure(events);
        this.lastWords = new LastWords(control);
        this.receiver = new DescriptorReceiver(transport, events);
        this.acknowledgements = new Acknowledgements(receiver, messages, events::used);
        this.states = new StateReceiver(request.maxApplicationState());
        this.silence = new Silence(control, request.patience(), this::silent);
    }

    private void silent() {
        if (events.isBusy()) {
            heard();
        } else {
            fail("the predecessor at " + where + " was silent for "
                    + request.patience().toMillis() + " ms");
        }
    }

    /** Its user has done more of the work that {@link Events#used} tells of. */
    public void used() {
        heard();
        if (acknowledgements.isDue() || !events.isBusy()) {
            acknowledge();
        }
    }

    /** Connects to {@code handoffPath}, once for bytes and once for descriptors. What fails is told as an event, also at once. */
    public void connect(Path handoffPath) {
        path = handoffPath;
        Channel channel;
        try {
            channel = begin(transport.newConnection());
        } catch (IOException e) {
            connectFailed(e);
            return;
        }
        channel.connect(new DomainSocketAddress(handoffPath.toString())).addListener((ChannelFutureListener) future -> {
            try {
                if (future.isSuccess()) {
                    connected(channel);
                } else {
                    connectFailed(future.cause());
                }
            } catch (Throwable t) {
                broke(t);
            }
        });
    }

    /**
     * Goes on with connections that are there already, whose other ends belong to one process.
     *
     * @param byteConnection not registered yet; owned by this transfer from now on
     * @param descriptorConnection not registered yet, set to receive descriptors; owned by this transfer from now on
     */
    public void attach(Channel byteConnection, Channel descriptorConnection) {
        openLane(descriptorConnection);
        hello(begin(byteConnection));
    }

    private Channel begin(Channel channel) {
        bytes = channel;
        silence.broken();
        channel.pipeline().addLast(messages, new Conversation());
        control.register(channel);
        return channel;
    }

    private void connectFailed(Throwable cause) {
        if (cause instanceof FileNotFoundException || UnixSocketFile.isRefusal(cause)) {
            end();
            events.absent();
        } else {
            fail("cannot connect to " + where + ": " + Reasons.of(cause));
        }
    }

    private void connected(Channel channel) {
        try {
            peerPid = PeerCheck.of(transport, channel, where).pid();
        } catch (PeerCheck.Refused e) {
            fail(Reasons.of(e));
            return;
        }
        hello(channel);
    }

    private void hello(Channel channel) {
        channel.writeAndFlush(new Message.Hello(
                MessageCodec.VERSION,
                MessageCodec.VERSION,
                request.purpose(),
                ProcessHandle.current().pid(),
                request.ticket(),
                request.application()));
    }

    private void welcome(Message.Welcome welcome) {
        if (welcome.version() != MessageCodec.VERSION) {
            fail("the predecessor chose protocol version " + welcome.version() + ", we speak " + MessageCodec.VERSION);
            return;
        }
        welcomed = true;
        claimedPid = welcome.pid();
        events.welcome(welcome);
        Path connectTo = path;
        if (connectTo == null) {
            return; // the descriptor connection is there already
        }
        if (over) {
            return;
        }
        Channel channel;
        try {
            channel = transport.newConnection();
        } catch (IOException e) {
            fail("cannot open the descriptor connection to " + where + ": " + Reasons.of(e));
            return;
        }
        try {
            transport.receiveDescriptors(channel);
            channel.pipeline().addLast(new MessageHandler()); // one message goes out, descriptors come in
        } catch (Throwable t) {
            channel.unsafe().closeForcibly(); // no event loop has it yet
            throw t;
        }
        openLane(channel);
        channel.connect(new DomainSocketAddress(connectTo.toString())).addListener((ChannelFutureListener) future -> {
            if (future.isSuccess()) {
                attach(channel, welcome.laneToken());
            } else {
                fail("cannot open the descriptor connection to " + where + ": " + Reasons.of(future.cause()));
            }
        });
    }

    /** Whoever listens at the path by now need not be who listened there when the byte connection was made. */
    private void attach(Channel channel, Token laneToken) {
        try {
            PeerCheck.sameProcess(peerPid, PeerCheck.of(transport, channel, where), where);
        } catch (PeerCheck.Refused e) {
            fail(Reasons.of(e));
            return;
        }
        channel.writeAndFlush(new Message.Attach(MessageCodec.VERSION, laneToken));
    }

    private void openLane(Channel channel) {
        lane = channel;
        channel.pipeline().addLast(new Lane());
        control.register(channel);
    }

    /** Something has come. */
    private void progressed() {
        heard();
        if (acknowledgements.isDue()) {
            acknowledge();
        }
        if (!over && receiver.isComplete()) {
            events.complete();
        }
    }

    /** Says how many are here: not for each of them, but at the latest when there is nothing more to be read for now. */
    private void acknowledge() {
        if (!over && !events.answersEach() && acknowledgements.write()) {
            messages.flush();
        }
    }

    /** What was expected is here: silence is no failure any more. */
    public void received() {
        received = true;
        silence.over();
    }

    /** Says something to the predecessor. */
    public void send(Message message) {
        if (!over && events.answersEach()) {
            acknowledgements.write();
        }
        messages.write(message);
        messages.flush();
    }

    /** Ends it from this side, if it is not over: tells the predecessor why, and closes. */
    public void abort(String reason) {
        if (!over) {
            close();
            Channel channel = bytes;
            if (channel != null) {
                HandoffServer.refuse(channel, reason);
            }
        }
    }

    /** Ends it without a word: closes the connections, and the descriptors that nobody has been given. */
    public void end() {
        close();
        if (bytes != null) {
            bytes.close();
        }
    }

    private void close() {
        over = true;
        silence.over();
        lastWords.cancel();
        receiver.close();
        if (lane != null) {
            lane.close();
        }
    }

    private void laneLost(String what) {
        if (!over) {
            lastWords.await(() -> {
                if (!receiver.isComplete()) {
                    fail(what + ": " + progress());
                }
            });
        }
    }

    private void fail(String reason) {
        if (!over) {
            abort(reason);
            failure.tell(reason);
        }
    }

    /** What must not fail has. Its user may be in the middle of anything, and hears why even if it has ended the transfer. */
    private void broke(Throwable cause) {
        String reason = Reasons.of(cause);
        abort(reason);
        failure.tell(reason);
    }

    /** The pid of the process that listens at the path, as the kernel tells it; 0 if it is not known. */
    public long peerPid() {
        return peerPid;
    }

    /** Whether everything that was announced so far is here. */
    public boolean isComplete() {
        return receiver.isComplete() && !receiver.hasMore();
    }

    /** Whether some were announced that are not here. */
    public boolean isMissingSome() {
        return receiver.expected() > receiver.count();
    }

    /** How far it got, for messages. */
    public String progress() {
        return receiver.expected() < 0
                ? "nothing was announced"
                : receiver.count() + " of " + receiver.expected() + " descriptors are here";
    }

    private String predecessor() {
        if (!welcomed) {
            return "the predecessor at " + where;
        }
        // On a connection that the application made, the kernel was not asked.
        return "the predecessor (" + OtherProcess.describe(path == null ? claimedPid : peerPid) + ")";
    }

    private void giveStates() {
        if (!statesGiven) {
            statesGiven = true;
            events.states(states.states());
        }
    }

    /** Whether {@code message} is a part of the transfer. */
    private boolean isTransfer(Message message) {
        if (message instanceof Message.Manifest manifest) {
            giveStates();
            receiver.manifest(manifest);
        } else if (message instanceof Message.Descriptor descriptor) {
            receiver.announced(descriptor);
        } else if (message instanceof Message.Withdrawn withdrawn) {
            receiver.withdrawn(withdrawn);
        } else if (message instanceof Message.State state && !statesGiven) {
            states.received(state);
            heard();
            return true;
        } else {
            return false;
        }
        progressed();
        return true;
    }

    private void heard() {
        if (!received && !over) {
            silence.broken();
        }
    }

    private final class Conversation extends ControlHandler {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            try {
                read((Message) message);
            } catch (Throwable t) {
                broke(t);
            }
        }

        private void read(Message message) {
            if (over) {
                return;
            }
            if (message instanceof Message.Abort abort) {
                String reason = predecessor() + " says: " + abort.reason();
                end();
                failure.tell(reason);
            } else if (!welcomed) {
                if (message instanceof Message.Welcome welcome) {
                    heard();
                    welcome(welcome);
                } else {
                    notDue(message);
                }
            } else if (!isTransfer(message) && !events.said(message)) {
                notDue(message);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            acknowledge();
        }

        private void notDue(Message message) {
            fail("the predecessor said " + message.getClass().getSimpleName() + " when that was not due");
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (over) {
                return;
            }
            close();
            try {
                events.hungUp();
            } catch (Throwable t) {
                broke(t);
            }
        }

        /** What the connection itself, or a message on it, has run into. */
        @Override
        protected void caught(ChannelHandlerContext context, Throwable cause) {
            if (Reasons.unwrap(cause) instanceof IOException) {
                context.close(); // a reset is a way to hang up
            } else if (over) {
                LOGGER.warn(
                        "graceful-netty: the handoff connection to {} has failed: {}",
                        predecessor(),
                        Reasons.of(cause));
            } else if (!welcomed && !(cause instanceof Error)) {
                fail("whoever listens at " + where + " does not speak the handoff protocol: " + Reasons.of(cause));
            } else {
                fail(Reasons.of(cause));
            }
        }
    }

    /** Receives descriptors, never bytes. */
    private final class Lane extends ControlHandler {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!(message instanceof FileDescriptor descriptor)) {
                ReferenceCountUtil.release(message);
                return;
            }
            try {
                receiver.arrived(descriptor);
                progressed();
            } catch (Throwable t) {
                broke(t);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            acknowledge();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            laneLost("the predecessor has closed the descriptor connection");
        }

        @Override
        protected void caught(ChannelHandlerContext context, Throwable cause) {
            if (!(Reasons.unwrap(cause) instanceof IOException)) {
                fail(Reasons.of(cause));
            } else if (!DescriptorReceiver.isWithoutRoom(cause)) {
                laneLost(DescriptorReceiver.whyNotReceived(cause));
            } else if (!goOnWithout()) {
                fail(DescriptorReceiver.whyNotReceived(cause));
            }
        }

        private boolean goOnWithout() {
            try {
                boolean goesOn = receiver.lost();
                if (goesOn) {
                    progressed();
                }
                return goesOn;
            } catch (Throwable t) {
                broke(t);
                return true;
            }
        }
    }
}

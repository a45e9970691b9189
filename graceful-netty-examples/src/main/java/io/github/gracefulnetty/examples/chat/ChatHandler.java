// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.chat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.gracefulnetty.connection.ConnectionMoved;
import io.github.gracefulnetty.connection.DrainEvent;
import io.github.gracefulnetty.connection.Migratable;
import io.github.gracefulnetty.examples.chat.Room.Message;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One user. Its name, its room and the last message that it got go where its connection goes. */
final class ChatHandler extends SimpleChannelInboundHandler<String> implements Migratable {
    private static final Pattern NAME = Pattern.compile("\\w{1,30}");
    private static final String NONE = "";
    private static final String HELP = "/nick NAME, /join ROOM, /quit; anything else is said in your room";

    private final Hub hub;
    private final Runnable news = this::deliverSoon;
    private final AtomicBoolean delivering = new AtomicBoolean();
    private volatile @Nullable ChannelHandlerContext context;
    private String name = "guest";
    private String room = NONE;
    private long got;
    private boolean restored;
    private boolean moved;

    ChatHandler(Hub hub) {
        this.hub = hub;
    }

    @Override
    public byte[] state(ChannelHandlerContext context) {
        return (name + " " + got + " " + room).getBytes(UTF_8);
    }

    @Override
    public void restore(ChannelHandlerContext context, byte[] state) {
        String[] words = new String(state, UTF_8).split(" ", 3);
        name = words[0];
        got = Long.parseLong(words[1]);
        room = words[2];
        restored = true;
    }

    @Override
    public String stateName() {
        return "chat";
    }

    /** Connected, or moved here: from now on it is this process's. */
    @Override
    public void channelActive(ChannelHandlerContext active) {
        context = active;
        if (!restored) {
            tell("welcome: " + HELP);
        } else if (!room.equals(NONE)) {
            hub.join(room, news);
            deliver();
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, String line) {
        String[] words = line.split(" ", 2);
        String argument = words.length > 1 ? words[1].strip() : "";
        switch (words[0]) {
            case "/nick", "/join" -> {
                if (!NAME.matcher(argument).matches()) {
                    tell("letters, digits and _, please, at most 30");
                } else if (words[0].equals("/nick")) {
                    name = argument;
                    tell("you are " + name);
                } else {
                    enter(argument);
                }
            }
            case "/quit" -> context.close();
            default -> say(line);
        }
    }

    private void say(String line) {
        if (line.startsWith("/") || room.equals(NONE)) {
            tell(HELP);
        } else {
            hub.say(room, name + ": " + line);
        }
    }

    private void enter(String other) {
        leave();
        got = hub.join(other, news);
        room = other;
        tell("you are in " + room);
        hub.say(room, name + " is here");
    }

    private void leave() {
        if (!room.equals(NONE)) {
            hub.leave(room, news);
            if (!moved) {
                hub.say(room, name + " has left");
            }
            room = NONE;
        }
    }

    private void tell(String text) {
        ChannelHandlerContext current = context;
        if (current != null) {
            current.writeAndFlush("* " + text + "\n");
        }
    }

    /** On any thread. */
    private void deliverSoon() {
        ChannelHandlerContext current = context;
        if (current != null && delivering.compareAndSet(false, true)) {
            try {
                current.executor().execute(this::deliver);
            } catch (RejectedExecutionException e) {
                // This process has shut its loops down.
            }
        }
    }

    private void deliver() {
        delivering.set(false);
        ChannelHandlerContext current = context;
        if (current == null || room.equals(NONE) || !current.channel().isWritable()) {
            return; // who reads slowly gets the rest later
        }
        List<Message> messages = hub.after(room, got);
        if (messages == null) {
            current.close(); // too slowly
            return;
        }
        for (Message message : messages) {
            current.write(room + " " + message.number() + " " + message.text() + "\n");
            got = message.number();
        }
        current.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        deliver();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ConnectionMoved.INSTANCE) {
            moved = true;
        } else if (event instanceof DrainEvent) {
            context.writeAndFlush("* this server ends\n").addListener(ChannelFutureListener.CLOSE);
        }
        context.fireUserEventTriggered(event);
    }

    /** Hung up, or moved to the successor: then nobody has left. */
    @Override
    public void channelInactive(ChannelHandlerContext context) {
        leave();
        this.context = null;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close(); // hung up, or a line that is too long
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.chat;

import io.github.gracefulnetty.examples.chat.Room.Message;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All rooms. While members of a room are in two processes, the older one numbers the messages: the younger one sends it
 * what its members say, and both hear the same messages with the same numbers. When the older one ends, the younger one
 * goes on to count. A member remembers the number of the last message that it got, and takes that along when it moves: so
 * it gets each message once, wherever it is. Safe for use by several threads.
 */
final class Hub {
    /** Another process. What is said does not block, and the order is kept. */
    interface Peer {
        void say(Saying saying);

        void said(String id, String room, Message message);

        /** Waits until that process has got all of it. */
        void end() throws InterruptedException;
    }

    /**
     * What a member says and nobody has numbered yet.
     *
     * @param id of this saying, unique among all processes
     */
    record Saying(String id, String room, String text) {}

    private final Map<String, Room> rooms = new HashMap<>();
    private final Set<Peer> younger = new LinkedHashSet<>();
    private final Map<String, Saying> unnumbered = new LinkedHashMap<>();
    private @Nullable Peer older;
    private long sayings;

    /** From now on that process numbers the messages. */
    synchronized void follow(Peer process) {
        older = process;
    }

    /** The older process is gone. What it has not numbered is numbered here: it has told nobody. */
    synchronized void lead() {
        older = null;
        for (Saying saying : List.copyOf(unnumbered.values())) {
            submit(saying);
        }
    }

    /** That process gets all that is there, and all that comes. */
    synchronized void add(Peer process) {
        rooms.forEach((name, room) -> room.messages().forEach(message -> process.said("-", name, message)));
        younger.add(process);
    }

    synchronized void remove(Peer process) {
        younger.remove(process);
    }

    private synchronized List<Peer> younger() {
        return List.copyOf(younger);
    }

    /** This process has no members any more, and ends: the younger one is to go on where it stopped. */
    void end() throws InterruptedException {
        for (Peer process : younger()) {
            process.end();
        }
    }

    /**
     * Enters a room.
     *
     * @param member runs, on any thread and not for long, when there is something new
     * @return the number of the last message, which this member has missed
     */
    synchronized long join(String room, Runnable member) {
        room(room).members().add(member);
        return room(room).last();
    }

    synchronized void leave(String room, Runnable member) {
        room(room).members().remove(member);
    }

    /** What was said after message {@code number}; {@code null} if that is too long ago. */
    synchronized @Nullable List<Message> after(String room, long number) {
        return room(room).after(number);
    }

    synchronized void say(String room, String text) {
        submit(new Saying(ProcessHandle.current().pid() + "-" + ++sayings, room, text));
    }

    /** Of a member of this process, or of a younger one. */
    synchronized void submit(Saying saying) {
        Peer leader = older;
        if (leader == null) {
            number(saying.id(), saying.room(), new Message(room(saying.room()).last() + 1, saying.text()));
        } else {
            unnumbered.put(saying.id(), saying);
            leader.say(saying);
        }
    }

    /** The older process, or this one, has numbered a message. */
    synchronized void number(String id, String name, Message message) {
        unnumbered.remove(id);
        Room room = room(name);
        room.add(message);
        younger.forEach(process -> process.said(id, name, message));
        new ArrayList<>(room.members()).forEach(Runnable::run);
    }

    private Room room(String name) {
        return rooms.computeIfAbsent(name, unused -> new Room());
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.chat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The last messages of a room, and who of its members is in this process. Guarded by its {@link Hub}. */
final class Room {
    /** How far behind a member may be. */
    static final int MOST_MESSAGES = 1_000;

    /**
     * One message.
     *
     * @param number by which members see that none was left out: 1, 2, 3, ... in each room
     */
    record Message(long number, String text) {}

    private final Deque<Message> messages = new ArrayDeque<>();
    private final Set<Runnable> members = new HashSet<>();
    private long last;

    long last() {
        return last;
    }

    Set<Runnable> members() {
        return members;
    }

    List<Message> messages() {
        return List.copyOf(messages);
    }

    void add(Message message) {
        messages.add(message);
        last = message.number();
        if (messages.size() > MOST_MESSAGES) {
            messages.remove();
        }
    }

    /** What came after message {@code number}; {@code null} if not all of it is there any more. */
    @Nullable
    List<Message> after(long number) {
        Message first = messages.peek();
        if (number < last && (first == null || first.number() > number + 1)) {
            return null;
        }
        List<Message> later = new ArrayList<>();
        for (Iterator<Message> newest = messages.descendingIterator(); newest.hasNext(); ) {
            Message message = newest.next();
            if (message.number() <= number) {
                break;
            }
            later.add(message);
        }
        Collections.reverse(later);
        return later;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The streams of one HTTP/2 connection, as both directions show them. */
final class WitnessedConnection {
    private static final int RST_STREAM = 3;
    private static final int GOAWAY = 7;

    private final int number;
    private final Set<Integer> opened = new TreeSet<>();
    private final Set<Integer> answered = new TreeSet<>();
    private final Set<Integer> cancelled = new TreeSet<>();
    private final StringBuilder story = new StringBuilder();
    private final Http2Frames fromClient = new Http2Frames(true, this::client, how -> ended("client", how));
    private final Http2Frames fromServer = new Http2Frames(false, this::server, how -> ended("server", how));
    private int ends;

    WitnessedConnection(int number) {
        this.number = number;
    }

    Http2Frames fromClient() {
        return fromClient;
    }

    Http2Frames fromServer() {
        return fromServer;
    }

    private synchronized void client(int type, boolean endsStream, int stream) {
        if (type == Http2Frames.HEADERS) {
            opened.add(stream);
        } else if (type == RST_STREAM) {
            cancelled.add(stream);
        } else if (type == GOAWAY) {
            story.append(", client's GOAWAY");
        }
    }

    private synchronized void server(int type, boolean endsStream, int stream) {
        if (endsStream) {
            answered.add(stream);
        } else if (type == RST_STREAM) {
            story.append(", server resets ").append(stream);
        } else if (type == GOAWAY) {
            story.append(", server's GOAWAY when ").append(opened.size()).append(" were opened");
        }
    }

    private synchronized void ended(String who, String how) {
        ends++;
        story.append(", end of the ").append(who).append(how);
    }

    synchronized boolean ended() {
        return ends == 2;
    }

    synchronized int opened() {
        return opened.size();
    }

    synchronized int answered() {
        return answered.size();
    }

    /** What the client has opened and not cancelled, and the server has not answered to the end. */
    synchronized List<String> unanswered() {
        Set<Integer> left = new TreeSet<>(opened);
        left.removeAll(answered);
        left.removeAll(cancelled);
        return left.stream()
                .map(stream -> "stream " + stream + " of connection " + number + story)
                .toList();
    }
}

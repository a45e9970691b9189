// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Load generators that others have written, and what they may say at their end. */
public final class LoadTools {
    private static final int MORE_THAN_A_TEST_NEEDS = 1_000_000;
    private static final int H2LOAD_CONNECTIONS = 8;
    private static final Pattern SUMMARY = Pattern.compile("(\\d+) succeeded, .*, 0 timeout");

    private LoadTools() {}

    /** Starts {@code wrk} with 16 connections. It connects again after {@code Connection: close}, and counts it as no
     * error; but an answer that takes longer than its time-out, which is 2 s if not told otherwise. */
    public static RunningProcess wrk(TestProcesses processes, InetSocketAddress server, String path) {
        return processes.start(new ProcessBuilder(
                Programs.require("wrk", "wrk"),
                "-t1",
                "-c16",
                "-d600s",
                "--timeout",
                "20s",
                "http://" + text(server) + path));
    }

    /** Ends {@code wrk}: everything was answered with 200, and nothing happened to its sockets. */
    public static void assertNoError(RunningProcess wrk) {
        Proc.signal("INT", wrk.pid());
        wrk.awaitExit();
        String said = wrk.out().text();
        System.out.println(said);
        Matcher requests = Pattern.compile("(\\d+) requests in").matcher(said);
        assertThat(requests.find()).as(said).isTrue();
        assertThat(Long.parseLong(requests.group(1))).isPositive();
        assertThat(said).doesNotContain("Socket errors", "Non-2xx");
    }

    /**
     * Starts {@code h2load} with 8 connections of 4 requests at a time, in clear text, and waits until each of them is in use. It begins nothing after a GOAWAY: it
     * ends with the server that it began with.
     */
    public static RunningProcess h2load(TestProcesses processes, Http2Witness server, String path) {
        RunningProcess h2load = processes.start(new ProcessBuilder(
                Programs.require("h2load", "nghttp2-client"),
                "-n" + MORE_THAN_A_TEST_NEEDS,
                "-c" + H2LOAD_CONNECTIONS,
                "-m4",
                "http://" + text(server.address()) + path));
        Await.until("requests of h2load", () -> server.connectionsInUse() == H2LOAD_CONNECTIONS);
        return h2load;
    }

    /**
     * Waits for the end of {@code h2load}: what it has sent, according to the witness, was answered, and with success
     * according to itself. It calls failed what it had in mind when GOAWAY came, and did not send.
     */
    public static void assertAllSentSucceeded(RunningProcess h2load, Http2Witness server) {
        h2load.awaitExit();
        String said = h2load.out().text();
        System.out.println(said);
        Matcher requests = SUMMARY.matcher(said);
        assertThat(requests.find()).as(said).isTrue();
        server.assertAllAnswered();
        assertThat(Integer.parseInt(requests.group(1))).as(said).isEqualTo(server.opened());
    }

    private static String text(InetSocketAddress server) {
        return server.getAddress().getHostAddress() + ":" + server.getPort();
    }
}

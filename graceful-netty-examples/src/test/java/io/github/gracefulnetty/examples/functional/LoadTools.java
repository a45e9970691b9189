// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Load generators that others have written, and what they may say at their end. */
public final class LoadTools {
    private static final int MORE_THAN_A_TEST_NEEDS = 1_000_000;
    private static final Pattern SUMMARY =
            Pattern.compile("(\\d+) started, (\\d+) done, (\\d+) succeeded, .*, 0 timeout");

    private LoadTools() {}

    /** Starts {@code wrk} with 16 connections. It connects again after {@code Connection: close}, and counts it as no error. */
    public static RunningProcess wrk(TestProcesses processes, InetSocketAddress server, String path) {
        return processes.start(new ProcessBuilder(
                Programs.require("wrk", "wrk"), "-t1", "-c16", "-d600s", "http://" + text(server) + path));
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
     * Starts {@code h2load} with 8 connections of 4 requests at a time. It begins nothing after a GOAWAY: it ends with the
     * server that it began with.
     */
    public static RunningProcess h2load(TestProcesses processes, String scheme, InetSocketAddress server, String path) {
        return processes.start(new ProcessBuilder(
                Programs.require("h2load", "nghttp2-client"),
                "-n" + MORE_THAN_A_TEST_NEEDS,
                "-c8",
                "-m4",
                scheme + "://" + text(server) + path));
    }

    /**
     * Waits for the end of {@code h2load}: each request that it started was answered with success. Those that it calls
     * "failed" it did not start: GOAWAY had come before. Ask for answers that take some milliseconds: of 39,892 that were
     * answered at once, 4 on one connection were started and not answered, and h2load does not say whether it had sent them.
     */
    public static void assertAllStartedSucceeded(RunningProcess h2load) {
        h2load.awaitExit();
        String said = h2load.out().text();
        System.out.println(said);
        Matcher requests = SUMMARY.matcher(said);
        assertThat(requests.find()).as(said).isTrue();
        assertThat(Integer.parseInt(requests.group(1))).isBetween(1, MORE_THAN_A_TEST_NEEDS - 1);
        assertThat(requests.group(2)).as(said).isEqualTo(requests.group(1));
        assertThat(requests.group(3)).as(said).isEqualTo(requests.group(1));
    }

    private static String text(InetSocketAddress server) {
        return server.getAddress().getHostAddress() + ":" + server.getPort();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The line in which a server says what became of its connections:
 * {@code EXIT pid=<pid> generation=<n> <protocol>: <counts>; ...}.
 */
record Exit(long pid, String connections) {

    private static final Pattern LINE = Pattern.compile("EXIT pid=(\\d{1,18}) generation=\\d{1,9} (.*)");

    static Optional<Exit> parse(String line) {
        Matcher matcher = LINE.matcher(line);
        return matcher.matches()
                ? Optional.of(new Exit(Long.parseLong(matcher.group(1)), matcher.group(2)))
                : Optional.empty();
    }
}

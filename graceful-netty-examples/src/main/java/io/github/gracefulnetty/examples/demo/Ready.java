// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The line in which a server says that it serves: {@code READY pid=<pid> generation=<n> address=<host>:<port>}. */
record Ready(long pid, int generation, InetSocketAddress address) {

    private static final Pattern LINE =
            Pattern.compile("READY pid=(\\d{1,18}) generation=(\\d{1,9}) address=(\\S+):(\\d{1,5})( .*)?");

    static Optional<Ready> parse(String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String host = matcher.group(3).replaceAll("^.*/|[\\[\\]]", "");
        InetSocketAddress address = new InetSocketAddress(host, Integer.parseInt(matcher.group(4)));
        boolean wildcard = !address.isUnresolved() && address.getAddress().isAnyLocalAddress();
        return Optional.of(new Ready(
                Long.parseLong(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                wildcard ? new InetSocketAddress(InetAddress.getLoopbackAddress(), address.getPort()) : address));
    }
}

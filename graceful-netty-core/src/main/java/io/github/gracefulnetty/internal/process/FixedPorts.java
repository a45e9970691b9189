// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Options of a JVM that have it listen on a port of its own, before or beside the application. While a predecessor lives,
 * a successor with the same option cannot have that port: with most of them its JVM ends before {@code main}.
 */
public final class FixedPorts {
    private static final List<String> VARIABLES = List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    private static final Pattern MANAGEMENT =
            Pattern.compile("-Dcom\\.sun\\.management\\.jmxremote\\.(rmi\\.)?port=0*[1-9][0-9]*");

    private static final Pattern DEBUGGER = Pattern.compile(
            "(-agentlib:jdwp=|-Xrunjdwp:)(?=.*\\bserver=y)(?=.*\\baddress=([^,]*:)?0*[1-9][0-9]*(,|$)).*");

    /** What an agent makes of its arguments is its own affair; a number of that size is a port mostly. */
    private static final Pattern AGENT = Pattern.compile("-javaagent:[^=]*=(.*[^0-9])?[1-9][0-9]{1,4}([^0-9].*)?");

    private static final List<Pattern> ALL = List.of(MANAGEMENT, DEBUGGER, AGENT);

    private FixedPorts() {}

    /** The options of that kind in a command, and in the variables that a JVM reads options from. */
    public static List<String> in(List<String> command, Map<String, String> environment) {
        List<String> found = new ArrayList<>();
        add(command, found);
        for (String variable : VARIABLES) {
            add(List.of(environment.getOrDefault(variable, "").split("\\s+")), found);
        }
        return found;
    }

    private static void add(Collection<String> options, List<String> found) {
        for (String option : options) {
            if (ALL.stream().anyMatch(one -> one.matcher(option).matches())) {
                found.add(option);
            }
        }
    }
}

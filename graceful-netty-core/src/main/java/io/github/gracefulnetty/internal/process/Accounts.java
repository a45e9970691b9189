// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The users and groups of {@code /etc/passwd} and {@code /etc/group}. Debian, Fedora and others give each user a group of its
 * own, with its name and without other members, and let it write to what the user makes. Whatever these files do not tell
 * (LDAP, for instance) counts as a group that others are in.
 *
 * @param passwd the lines {@code name:password:uid:gid:...}
 * @param group the lines {@code name:password:gid:members}
 */
record Accounts(List<String> passwd, List<String> group) {
    private static final int PASSWD_FIELDS = 4;
    private static final int GROUP_FIELDS = 4;

    static Accounts ofThisSystem() throws IOException {
        return new Accounts(lines(Path.of("/etc/passwd")), lines(Path.of("/etc/group")));
    }

    private static List<String> lines(Path file) throws IOException {
        return Files.exists(file) ? Files.readAllLines(file, ISO_8859_1) : List.of();
    }

    /**
     * Who but the user may be in a group.
     *
     * @return empty if the group is the user's own, and nobody else's; else the reason, for a message
     */
    String whoElseIsIn(int gid, int uid) {
        String id = Integer.toString(gid);
        List<String> users = new ArrayList<>(); // all names of the user
        List<String> others = new ArrayList<>();
        boolean primary = false;
        for (String[] user : fields(passwd, PASSWD_FIELDS)) {
            boolean own = user[2].equals(Integer.toString(uid));
            if (own) {
                users.add(user[0]);
                primary = primary || user[3].equals(id);
            } else if (user[3].equals(id)) {
                others.add(user[0]);
            }
        }
        List<String[]> groups = fields(group, GROUP_FIELDS).stream()
                .filter(each -> each[2].equals(id))
                .toList();
        for (String[] each : groups) {
            Arrays.stream(each[3].split(",", -1))
                    .map(String::strip)
                    .filter(member -> !member.isEmpty() && !users.contains(member))
                    .forEach(others::add);
        }
        if (!others.isEmpty()) {
            return "group " + id + " has " + String.join(", ", others);
        }
        boolean named = groups.stream().allMatch(each -> users.contains(each[0])) && !groups.isEmpty();
        return primary && named ? "" : "group " + id + " is not known to be the own group of uid " + uid;
    }

    private static List<String[]> fields(List<String> lines, int least) {
        return lines.stream()
                .map(line -> line.split(":", -1))
                .filter(fields -> fields.length >= least)
                .toList();
    }
}

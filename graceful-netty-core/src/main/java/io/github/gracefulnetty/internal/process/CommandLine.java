// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import java.io.File;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The command line that this process was started with, byte by byte. {@link ProcessHandle} cuts it off at 4 KiB. */
public final class CommandLine {
    private static final Path PROC = Path.of("/proc/self/cmdline");

    private final List<byte[]> arguments;

    private CommandLine(List<byte[]> arguments) {
        this.arguments = arguments;
    }

    /** @throws IOException if the system does not tell */
    public static CommandLine ofThisProcess() throws IOException {
        if (Files.isReadable(PROC)) {
            return parse(Files.readAllBytes(PROC));
        }
        ProcessHandle.Info info = ProcessHandle.current().info();
        Optional<String> command = info.command();
        Optional<String[]> arguments = info.arguments();
        if (command.isEmpty() || arguments.isEmpty()) {
            throw new IOException("this system does not tell the command line of this process");
        }
        List<byte[]> all = new ArrayList<>();
        all.add(command.get().getBytes(nativeCharset()));
        for (String argument : arguments.get()) {
            all.add(argument.getBytes(nativeCharset()));
        }
        return new CommandLine(all);
    }

    /** Parses what the kernel shows: each argument, empty ones too, ends with a NUL. */
    static CommandLine parse(byte[] raw) throws IOException {
        List<byte[]> arguments = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < raw.length; i++) {
            if (raw[i] == 0) {
                arguments.add(Arrays.copyOfRange(raw, start, i));
                start = i + 1;
            }
        }
        if (start != raw.length || arguments.isEmpty()) {
            throw new IOException(PROC + " does not end with a complete argument");
        }
        return new CommandLine(arguments);
    }

    /** What {@link ProcessBuilder} needs to start the same again, in the same directory. */
    public List<String> toCommand() {
        return toCommand(nativeCharset());
    }

    /**
     * Where the charset that Java passes arguments in cannot express one of them (a C locale, and a path in UTF-8), the
     * command goes through a shell, written in ASCII, that turns into it.
     */
    List<String> toCommand(Charset charset) {
        List<String> command = new ArrayList<>();
        boolean exact = true;
        for (byte[] argument : arguments) {
            String text = new String(argument, charset);
            exact &= Arrays.equals(text.getBytes(charset), argument);
            command.add(text);
        }
        if (!exact) {
            return throughShell(command, charset);
        }
        command.set(0, executable(command.get(0)));
        return command;
    }

    /**
     * A shell script that turns into the command. What the charset can express is passed as it is, since one argument,
     * such as a script, has at most 128 KiB. env passes on variables with names that a shell would drop.
     */
    private List<String> throughShell(List<String> texts, Charset charset) {
        StringBuilder script = new StringBuilder();
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "", "sh"));
        for (Map.Entry<String, String> variable : System.getenv().entrySet()) {
            if (!variable.getKey().matches("[A-Za-z_][A-Za-z0-9_]*")) {
                String assignment = variable.getKey() + "=" + variable.getValue();
                command.add(assignment);
                script.append("set -- \"$@\" \"$1\"; shift\n");
            }
        }
        for (int i = 0; i < arguments.size(); i++) {
            byte[] argument = arguments.get(i);
            if (Arrays.equals(texts.get(i).getBytes(charset), argument)) {
                command.add(texts.get(i));
                script.append("set -- \"$@\" \"$1\"; shift\n");
            } else {
                script.append("a=$(printf '").append(octal(argument));
                script.append("x'); set -- \"$@\" \"${a%x}\"\n");
            }
        }
        command.set(2, script.append("exec /usr/bin/env \"$@\"\n").toString());
        return command;
    }

    /** For printf. The caller adds a character, as a command substitution drops newlines at the end. */
    private static String octal(byte[] argument) {
        StringBuilder text = new StringBuilder();
        for (byte b : argument) {
            boolean literal = b > ' ' && b < 0x7f && b != '-' && b != '\'' && b != '%' && b != '\\';
            text.append(literal ? String.valueOf((char) b) : String.format("\\%03o", b & 0xff));
        }
        return text.toString();
    }

    /** The first argument if it leads to a program: the same path, with what a deployment may have put there since. */
    private static String executable(String name) {
        if (name.indexOf('/') >= 0) {
            return Files.isExecutable(Path.of(name)) ? name : running(name);
        }
        String path = System.getenv("PATH");
        if (path != null) {
            for (String directory : path.split(File.pathSeparator, -1)) {
                if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, name))) {
                    return name;
                }
            }
        }
        return running(name);
    }

    private static String running(String otherwise) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/exe")).toString();
        } catch (IOException e) {
            return otherwise;
        }
    }

    private static Charset nativeCharset() {
        String name = System.getProperty("sun.jnu.encoding", "UTF-8");
        return Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
    }
}

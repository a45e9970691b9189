// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A headless browser with one page, which is read through the browser's debugging port. */
final class Chromium implements AutoCloseable {
    private static final Path PROGRAM = Path.of("/usr/bin/chromium");
    private static final Pattern DEBUGGER = Pattern.compile("\"webSocketDebuggerUrl\": *\"(ws://[^\"]*/page/[^\"]*)\"");
    private static final Pattern VALUE = Pattern.compile("\"value\": *\"([^\"]*)\"");

    private final HttpClient client = HttpClient.newHttpClient();
    private final RunningProcess browser;
    private final Answers answers = new Answers();
    private final WebSocket debugger;

    static boolean isPresent() {
        return Files.isExecutable(PROGRAM);
    }

    Chromium(TestProcesses processes, Path directory, String page) {
        Path profile = directory.resolve("browser");
        browser = processes.start(new ProcessBuilder(
                PROGRAM.toString(),
                "--headless",
                "--no-sandbox", // tests may run as root
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--user-data-dir=" + profile,
                "--remote-debugging-port=0",
                page));
        Path port = profile.resolve("DevToolsActivePort");
        Await.until(
                "the browser",
                () -> Files.exists(port) && Files.readAllLines(port).size() > 1);
        Await.until("the page", () -> debuggerOf(port) != null);
        debugger = client.newWebSocketBuilder()
                .buildAsync(URI.create(String.valueOf(debuggerOf(port))), answers)
                .join();
    }

    private @Nullable String debuggerOf(Path port) {
        try {
            URI pages =
                    URI.create("http://127.0.0.1:" + Files.readAllLines(port).get(0) + "/json/list");
            String list = client.send(HttpRequest.newBuilder(pages).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
            Matcher found = DEBUGGER.matcher(list);
            return found.find() ? found.group(1) : null;
        } catch (Exception e) {
            throw new AssertionError("the browser does not answer", e);
        }
    }

    /** What the page shows in the element of that id. */
    String textOf(String id) throws Exception {
        CompletableFuture<String> answer = answers.next();
        debugger.sendText(
                "{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":" + "\"document.getElementById('"
                        + id + "')?.textContent ?? ''\",\"returnByValue\":true}}",
                true);
        Matcher value = VALUE.matcher(answer.get(60, TimeUnit.SECONDS));
        if (!value.find()) {
            throw new AssertionError(answer.get());
        }
        return value.group(1);
    }

    @Override
    public void close() {
        debugger.abort();
        browser.kill();
        Await.until("end of the browser", () -> !browser.isAlive());
    }

    private static final class Answers implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();
        private volatile CompletableFuture<String> next = new CompletableFuture<>();

        CompletableFuture<String> next() {
            next = new CompletableFuture<>();
            return next;
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                next.complete(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }
    }
}

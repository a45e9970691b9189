// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import io.github.gracefulnetty.examples.load.LoadResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;

/** The report of a run as one HTML page, well-formed as XML, that needs nothing else. */
final class HtmlReport {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

    private final DemoResult result;
    private final LoadResult load;

    HtmlReport(DemoResult result) {
        this.result = result;
        this.load = result.load();
    }

    void write(Path file) throws IOException {
        Files.writeString(file, render());
    }

    String render() {
        Markup html = new Markup();
        html.add("<!DOCTYPE html>").add("<html lang='en'>").add("<head>").add("<meta charset='utf-8'/>");
        html.add("<meta name='viewport' content='width=device-width, initial-scale=1'/>");
        html.add("<meta name='color-scheme' content='light dark'/>");
        html.add("<title>graceful-netty: %s</title>", result.verdict());
        html.raw("<style>").raw(ReportStyle.CSS).raw("</style>");
        html.add("</head>").add("<body>").add("<main>");
        head(html);
        numbers(html);
        charts(html);
        table(html);
        troubles(html);
        notes(html);
        return html.add("</main>").add("</body>").add("</html>").toString();
    }

    private void head(Markup html) {
        long replaced = result.steps().stream()
                .filter(each -> each.kind() == Step.Kind.HUP || each.kind() == Step.Kind.SECOND_COPY)
                .count();
        long rolledBack = result.steps().stream()
                .filter(each -> each.kind() == Step.Kind.ROLLED_BACK)
                .count();
        html.add("<header>");
        html.add("<p class='kicker'>graceful-netty demo</p>");
        html.add("<h1 class='%s'>%s</h1>", result.passed() ? "good" : "bad", result.verdict());
        html.add(
                "<p>The server process was replaced %s and a failed successor was rolled back %s, under load.</p>",
                times(replaced), times(rolledBack));
        html.add("</header>");
    }

    private static String times(long count) {
        return count == 1 ? "once" : count == 2 ? "twice" : count + " times";
    }

    private void numbers(Markup html) {
        html.add("<dl class='numbers'>");
        number(html, "requests", SummaryTable.count(load.sent()));
        number(html, "lost", SummaryTable.count(load.lost()));
        number(html, "refused", SummaryTable.count(load.refused()));
        number(html, "stuck", SummaryTable.count(load.stuck()));
        number(html, "reconnects", SummaryTable.count(load.reconnects()));
        number(html, "p99, ms", SummaryTable.millis(load.latency().p99()));
        number(html, "max, ms", SummaryTable.millis(load.latency().max()));
        html.add("</dl>");
    }

    private static void number(Markup html, String name, String value) {
        html.add("<div><dt>%s</dt><dd>%s</dd></div>", name, value);
    }

    private void charts(Markup html) {
        html.add("<section>").add("<h2>Requests and latency over time</h2>").add("<ul class='legend'>");
        List<Integer> generations = Charts.generations(result);
        for (int index = 0; index < generations.size(); index++) {
            html.add("<li><i class='%s'></i>generation %s</li>", Charts.colour(index), generations.get(index));
        }
        html.add("<li><i class='p99 stroke'></i>p99 latency</li>");
        html.add("<li><i class='max stroke'></i>maximum latency</li>");
        html.add("<li><i class='upgrade'></i>from trigger to ready</li>");
        html.add("<li><i class='failed'></i>until rolled back</li>");
        html.add("</ul>");
        new Charts(result).draw(html);
        html.add("</section>");
    }

    private void table(Markup html) {
        List<List<String>> rows = SummaryTable.rows(result);
        html.add("<section>")
                .add("<h2>Server processes</h2>")
                .add("<div class='wide'>")
                .add("<table>");
        for (int index = 0; index < rows.size(); index++) {
            String cell = index == 0 ? "<th class='%s'>%s</th>" : "<td class='%s'>%s</td>";
            html.add(index == 0 ? "<thead><tr>" : "<tr>");
            for (int column = 0; column < rows.get(index).size(); column++) {
                html.add(
                        cell,
                        SummaryTable.isText(column) ? "text" : "",
                        rows.get(index).get(column));
            }
            html.add(index == 0 ? "</tr></thead><tbody>" : "</tr>");
        }
        html.add("</tbody>").add("</table>").add("</div>");
        result.rollbacks().forEach(each -> html.add("<p>%s</p>", each));
        html.add("</section>");
    }

    private void troubles(Markup html) {
        if (!result.problems().isEmpty()) {
            html.add("<section>")
                    .add("<h2>What did not happen as it should</h2>")
                    .add("<ul>");
            result.problems().forEach(each -> html.add("<li>%s</li>", each));
            html.add("</ul>").add("</section>");
        }
        if (!load.incidents().isEmpty()) {
            html.add("<section>").add("<h2>Incidents</h2>").add("<details>");
            html.add("<summary>The first of each kind; a reconnect harms no request</summary>")
                    .add("<ol>");
            load.incidents().forEach(each -> html.add("<li>%s</li>", each));
            html.add("</ol>").add("</details>").add("</section>");
        }
    }

    private void notes(Markup html) {
        html.add("<section class='notes'>").add("<h2>How to read this</h2>").add("<dl>");
        note(
                html,
                "lost",
                "The connection ended before the response was complete, or the response was not a correct one.");
        note(html, "refused", "A connection could not be opened.");
        note(html, "stuck", "No response within 20 s.");
        note(
                html,
                "reconnects",
                "The server ended a keep-alive connection between two requests. This harms no request.");
        note(
                html,
                "its connections",
                "What became of the connections of a process that has ended: moved ones are its successor's, and "
                        + "their clients did not notice.");
        note(
                html,
                "attribution",
                "Answers name their process. Anything else belongs to the process that answered last "
                        + "on the same connection, or where the connection has none, to the newest generation by then.");
        note(
                html,
                "latency",
                "From the moment the client wants to send to the last byte of the response, with the time to "
                        + "connect. The client never repeats a request.");
        html.add("</dl>").add("</section>");
        html.add(
                "<footer>%s, %s s of load. Java %s, %s %s, %s processors.</footer>",
                TIME.format(load.startedAt()),
                load.elapsed().toMillis() / 1e3,
                System.getProperty("java.version"),
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors());
    }

    private static void note(Markup html, String term, String text) {
        html.add("<dt>%s</dt><dd>%s</dd>", term, text);
    }
}

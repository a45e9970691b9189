// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {

    @Test
    void isWellFormedWhateverItTells() throws Exception {
        Document clean = parse(Runs.clean());
        Document troubled = parse(Runs.troubled());

        assertThat(clean.getDocumentElement().getTagName()).isEqualTo("html");
        assertThat(troubled.getElementsByTagName("script").getLength()).isZero();
        assertThat(troubled.getDocumentElement().getTextContent())
                .contains("<script>alert('?')</script> & more", "process 103 \"did\" <not> end");
    }

    @Test
    void givesTheVerdictFirst() throws Exception {
        assertThat(texts(parse(Runs.clean()), "h1")).containsExactly("0 of 412,345 requests lost");
        assertThat(texts(parse(Runs.troubled()), "h1"))
                .containsExactly("2 of 412,347 requests lost, 3 connections refused, but not all happened that should");
        assertThat(classOf(parse(Runs.clean()), "h1")).isEqualTo("good");
        assertThat(classOf(parse(Runs.troubled()), "h1")).isEqualTo("bad");
    }

    @Test
    void listsEachProcessWithItsNumbers() throws Exception {
        List<String> cells = texts(parse(Runs.troubled()), "td");

        assertThat(cells).hasSize(4 * 13);
        assertThat(cells.subList(13, 26))
                .containsExactly(
                        "2",
                        "HUP",
                        "102",
                        "200,002",
                        "2",
                        "0",
                        "0",
                        "2",
                        "0.25",
                        "4.50",
                        "77.13",
                        "1.23 s",
                        "http/1.1: 204 moved, 8 drained");
        assertThat(cells.subList(39, 52))
                .startsWith("-", "failed successor", "104")
                .endsWith("rolled back, 1.23 s", "-");
        assertThat(new HtmlReport(Runs.clean()).render())
                .contains("Process 104 failed on purpose before it was ready: rolled back after 1.23 s, "
                        + "generation 3 served on and nothing was lost.");
    }

    @Test
    void drawsEachGenerationBothLatenciesAndAMarkForEachReplacement() throws Exception {
        Document page = parse(Runs.clean());

        assertThat(count(page, "path", "area c0")).isEqualTo(1);
        assertThat(count(page, "path", "area c1")).isEqualTo(1);
        assertThat(count(page, "path", "area c2")).as("with a gap").isEqualTo(2);
        assertThat(count(page, "path", "line p99")).isEqualTo(1);
        assertThat(count(page, "path", "line max")).isEqualTo(1);
        assertThat(count(page, "line", "mark upgrade")).isEqualTo(2);
        assertThat(count(page, "line", "mark failed")).isEqualTo(1);
        assertThat(texts(page, "text")).contains("HUP", "second copy", "failed successor", "rolled back after 1.23 s");
        assertThat(count(page, "rect", "hit")).as("all buckets but the last").isEqualTo(209);
    }

    @Test
    void drawsInsideTheChart() {
        Matcher points = Pattern.compile("[ML](-?[0-9.]+) (-?[0-9.]+)").matcher(new HtmlReport(Runs.clean()).render());
        int count = 0;
        while (points.find()) {
            assertThat(Double.parseDouble(points.group(1))).isBetween(Plot.LEFT, Plot.RIGHT);
            assertThat(Double.parseDouble(points.group(2))).isBetween(0.0, 640.0);
            count++;
        }
        assertThat(count).isGreaterThan(800);
    }

    @Test
    void needsNothingFromElsewhere() {
        assertThat(new HtmlReport(Runs.troubled()).render())
                .doesNotContainPattern("(?i)https?://|\\bsrc=|\\bhref=|@import|url\\(");
    }

    private static Document parse(DemoResult result) throws Exception {
        String page = new HtmlReport(result).render();
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(page)));
    }

    private static List<String> texts(Document page, String tag) {
        return elements(page, tag).stream().map(Element::getTextContent).toList();
    }

    private static String classOf(Document page, String tag) {
        return elements(page, tag).get(0).getAttribute("class");
    }

    private static long count(Document page, String tag, String classes) {
        return elements(page, tag).stream()
                .filter(each -> each.getAttribute("class").equals(classes))
                .count();
    }

    private static List<Element> elements(Document page, String tag) {
        NodeList nodes = page.getElementsByTagName(tag);
        List<Element> elements = new ArrayList<>();
        for (int index = 0; index < nodes.getLength(); index++) {
            elements.add((Element) nodes.item(index));
        }
        return elements;
    }
}

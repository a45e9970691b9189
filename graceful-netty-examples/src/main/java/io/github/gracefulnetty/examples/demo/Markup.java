// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

import java.util.Locale;

/** Builds HTML and SVG that are well-formed as XML: escapes text and prints numbers alike everywhere. */
final class Markup {

    private final StringBuilder markup = new StringBuilder();

    /** Appends a template whose {@code %s} are escaped; numbers become short decimals. */
    Markup add(String template, Object... values) {
        Object[] texts = new Object[values.length];
        for (int index = 0; index < values.length; index++) {
            texts[index] = text(values[index]);
        }
        markup.append(String.format(Locale.ROOT, template, texts)).append('\n');
        return this;
    }

    /** Appends what is markup already, or must not be escaped. */
    Markup raw(String text) {
        markup.append(text);
        return this;
    }

    private static String text(Object value) {
        if (value instanceof Double number) {
            return number(number);
        }
        return escape(value.toString());
    }

    /** With at most two decimals. */
    static String number(double value) {
        String text = String.format(Locale.ROOT, "%.2f", value);
        return text.replaceFirst("\\.?0+$", "");
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;")
                .replaceAll("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]", "?");
    }

    @Override
    public String toString() {
        return markup.toString();
    }
}

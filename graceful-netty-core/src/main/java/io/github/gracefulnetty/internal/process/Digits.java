// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

/** Numbers in as few characters as a file name allows: six bits in each. */
final class Digits {
    private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_+";
    private static final int BITS = 6;

    private Digits() {}

    /** The lowest bits of a number, in so many digits. */
    static String of(long number, int digits) {
        StringBuilder text = new StringBuilder();
        for (int digit = digits - 1; digit >= 0; digit--) {
            text.append(ALPHABET.charAt((int) (number >>> (digit * BITS)) & (ALPHABET.length() - 1)));
        }
        return text.toString();
    }

    /** The number; -1 if the text is none. At most 10 digits. */
    static long parse(String text) {
        long number = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = ALPHABET.indexOf(text.charAt(i));
            if (digit < 0) {
                return -1;
            }
            number = number << BITS | digit;
        }
        return number;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;

/** 128 unguessable bits. They never show in {@link #toString()}. */
public final class Token {
    /** The number of bytes in a token. */
    public static final int BYTES = 16;

    /** No token: all zero. */
    public static final Token NONE = new Token(new byte[BYTES]);

    private final byte[] bits;

    private Token(byte[] bits) {
        this.bits = bits;
    }

    /** A new token from a secure source. */
    public static Token random() {
        byte[] bits = new byte[BYTES];
        new SecureRandom().nextBytes(bits);
        return new Token(bits);
    }

    /** @throws IllegalArgumentException if there are not exactly {@value #BYTES} bytes */
    public static Token of(byte[] bits) {
        if (bits.length != BYTES) {
            throw new IllegalArgumentException("a token has " + BYTES + " bytes, not " + bits.length);
        }
        return new Token(bits.clone());
    }

    /** @throws IllegalArgumentException if it is not what {@link #hex()} writes */
    public static Token parse(String hex) {
        return of(HexFormat.of().parseHex(hex));
    }

    public byte[] bytes() {
        return bits.clone();
    }

    /** The token in clear, for the environment of a process that is allowed to know it. */
    public String hex() {
        return HexFormat.of().formatHex(bits);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Token token && MessageDigest.isEqual(bits, token.bits);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bits);
    }

    @Override
    public String toString() {
        return equals(NONE) ? "Token[none]" : "Token[secret]";
    }
}

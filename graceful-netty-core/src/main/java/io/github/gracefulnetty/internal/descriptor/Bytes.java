// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.descriptor;

import java.util.Arrays;

/** Bytes as a value. Nobody changes the array. */
public final class Bytes {
    /** No bytes. */
    public static final Bytes NONE = new Bytes(new byte[0]);

    private final byte[] array;

    private Bytes(byte[] array) {
        this.array = array;
    }

    /** The caller does not change {@code array} any more. */
    public static Bytes of(byte[] array) {
        return array.length == 0 ? NONE : new Bytes(array);
    }

    public int length() {
        return array.length;
    }

    /** Not a copy: nobody changes it. */
    public byte[] array() {
        return array;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes bytes && Arrays.equals(array, bytes.array);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(array);
    }

    /** Their number only: they may be a secret. */
    @Override
    public String toString() {
        return array.length + " bytes";
    }
}

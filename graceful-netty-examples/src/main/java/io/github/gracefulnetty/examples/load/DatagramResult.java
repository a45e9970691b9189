// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.load;

/**
 * What became of numbered datagrams.
 *
 * @param sent how many were sent
 * @param unanswered how many of them have no answer
 * @param twice how many answers came for one that was answered before
 * @param refused how often the kernel said that nobody reads there
 */
public record DatagramResult(long sent, long unanswered, long twice, long refused) {
    DatagramResult plus(DatagramResult other) {
        return new DatagramResult(
                sent + other.sent, unanswered + other.unanswered, twice + other.twice, refused + other.refused);
    }

    /** Whether each was answered once. */
    public boolean clean() {
        return unanswered == 0 && twice == 0 && refused == 0;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random and mutated bytes for whoever reads messages: nothing but messages and {@link ProtocolException}s comes out, and
 * nothing is allocated that the input has only announced. {@code -Dfuzz.inputs=1000000 -Dfuzz.seed=7} for more, or for the
 * same again.
 */
class CodecFuzzTest {
    private static final int INPUTS = Integer.getInteger("fuzz.inputs", 50_000);
    private static final long SEED = Long.getLong("fuzz.seed", System.nanoTime());

    /** What may be allocated on the way, whatever the input is, and for each byte of it. */
    private static final long SOME_BYTES = 1 << 16;

    private static final long FOR_EACH_BYTE = 64;

    private static final int AGAIN = 3;

    private static final int LARGEST_SEED = 4096;
    private static final int MOST_RANDOM_BYTES = 300;

    private final Random random = new Random(SEED);
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Inputs that once were, or nearly were, trouble; a name, a space, and hexadecimal digits in each line. */
    static Stream<String> corpus() throws IOException {
        try (InputStream in = Objects.requireNonNull(CodecFuzzTest.class.getResourceAsStream("corpus.txt"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines().filter(line -> !line.startsWith("#")).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("corpus")
    void shouldEndAHandoffForEachInputOfTheCorpus(String line) {
        String[] nameAndBytes = line.split(" ", 2);
        byte[] input = ByteBufUtil.decodeHexDump(nameAndBytes[1]);
        assertThat(read(input)).as(nameAndBytes[0]).isTrue();
        assertThat(feed(input)).as(nameAndBytes[0]).isTrue();
    }

    @Test
    void shouldSurviveWhateverComes() {
        List<byte[]> seeds = new ArrayList<>();
        for (Message message : MessageCodecTest.messages()) {
            byte[] frame = encoded(message);
            if (frame.length <= LARGEST_SEED) {
                seeds.add(frame);
            }
        }
        seeds.forEach(this::read); // loads the classes
        int violations = 0;
        for (int i = 0; i < INPUTS; i++) {
            byte[] input = i % 8 == 0 ? noise() : mutated(seeds);
            try {
                violations += feed(input) ? 1 : 0;
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "input " + i + " with -Dfuzz.seed=" + SEED + ": " + ByteBufUtil.hexDump(input) + ": " + e, e);
            }
        }
        assertThat(violations).as("seed " + SEED).isBetween(INPUTS / 4, INPUTS - 1);
    }

    private byte[] noise() {
        byte[] input = new byte[random.nextInt(MOST_RANDOM_BYTES)];
        random.nextBytes(input);
        if (input.length > Integer.BYTES && random.nextBoolean()) {
            Unpooled.wrappedBuffer(input).setInt(0, input.length - Integer.BYTES); // a frame, at least
        }
        return input;
    }

    private byte[] mutated(List<byte[]> seeds) {
        ByteBuf input = Unpooled.buffer();
        for (int frames = 1 + random.nextInt(3); frames > 0; frames--) {
            input.writeBytes(seeds.get(random.nextInt(seeds.size())));
        }
        for (int changes = random.nextInt(4); changes > 0; changes--) {
            change(input);
        }
        return Arrays.copyOf(input.array(), input.readableBytes());
    }

    private void change(ByteBuf input) {
        int length = input.readableBytes();
        if (length < Integer.BYTES) {
            return;
        }
        int at = random.nextInt(length);
        int four = random.nextInt(length - Integer.BYTES + 1);
        switch (random.nextInt(7)) {
            case 0 -> input.setByte(at, input.getByte(at) ^ (1 << random.nextInt(8)));
            case 1 -> input.setByte(at, random.nextInt(256));
            case 2 -> input.writerIndex(at); // cut off
            case 3 -> input.writeByte(random.nextInt(256));
            case 4 -> input.setInt(four, random.nextInt());
            case 5 -> input.setInt(four, input.getInt(four) + random.nextInt(9) - 4); // a length that nearly fits
            default -> input.writeBytes(input.copy(four, length - four)); // said twice
        }
    }

    /** Reads {@code input} as it may arrive; whether it was a violation. */
    private boolean feed(byte[] input) {
        long most = SOME_BYTES + FOR_EACH_BYTE * input.length;
        long before = threads.getCurrentThreadAllocatedBytes();
        boolean violation = read(input);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        for (int again = 0; allocated >= most && again < AGAIN; again++) {
            // Now and then it is what the JVM needs once; what the input needs comes each time.
            before = threads.getCurrentThreadAllocatedBytes();
            read(input);
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(allocated).as("allocated").isLessThan(most);
        return violation;
    }

    private boolean read(byte[] input) {
        EmbeddedChannel channel = new EmbeddedChannel(new MessageHandler());
        boolean violation = false;
        int at = 0;
        while (at < input.length) {
            int piece = random.nextInt(4) == 0 ? 1 + random.nextInt(input.length - at) : input.length - at;
            try {
                channel.writeInbound(Unpooled.buffer(piece).writeBytes(input, at, piece));
                channel.checkException();
            } catch (ProtocolException e) {
                violation = true;
            }
            at += piece;
        }
        for (Object message; (message = channel.readInbound()) != null; ) {
            assertThat(message).isInstanceOf(Message.class);
        }
        channel.finishAndReleaseAll();
        return violation;
    }

    private static byte[] encoded(Message message) {
        ByteBuf out = Unpooled.buffer();
        MessageCodec.encode(message, out);
        return Arrays.copyOf(out.array(), out.readableBytes());
    }
}

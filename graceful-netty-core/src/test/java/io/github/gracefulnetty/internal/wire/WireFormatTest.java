// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.FileMode;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Another generation of this library, or another program, has to understand what this one writes: byte by byte. */
class WireFormatTest {
    private static final Path PROTOCOL = Path.of("..", "docs", "protocol.md");

    /** A line of the table of messages: its number, and its name. */
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (\\d+) \\| (\\w+) \\|");

    private static final Token TOKEN = Token.parse("000102030405060708090a0b0c0d0e0f");

    @Test
    void shouldHaveAMessageForEachRowOfTheProtocolAndARowForEachMessage() throws Exception {
        Map<Integer, String> documented = new LinkedHashMap<>();
        for (MatchResult row : ROW.matcher(Files.readString(PROTOCOL)).results().toList()) {
            documented.put(Integer.valueOf(row.group(1)), row.group(2));
        }
        Map<Integer, String> written = new LinkedHashMap<>();
        for (Class<?> message : Message.class.getPermittedSubclasses()) {
            written.put(message.getDeclaredField("TYPE").getInt(null), message.getSimpleName());
        }
        assertThat(written).hasSameSizeAs(Message.class.getPermittedSubclasses());
        assertThat(written).containsExactlyInAnyOrderEntriesOf(documented);
    }

    @ParameterizedTest
    @MethodSource("frames")
    void shouldWriteAndReadTheseBytes(Message message, String frame) throws Exception {
        ByteBuf out = Unpooled.buffer();
        MessageCodec.encode(message, out);
        assertThat(ByteBufUtil.hexDump(out)).isEqualTo(frame);
        ByteBuf in = Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(frame));
        assertThat(in.readInt()).isEqualTo(in.readableBytes());
        int type = in.getByte(in.readerIndex());
        assertThat(message.getClass().getDeclaredField("TYPE").getInt(null)).isEqualTo(type);
        assertThat(MessageCodec.decode(in)).isEqualTo(message);
    }

    @Test
    void shouldKnowTheBytesOfEachMessage() throws Exception {
        Set<Class<?>> known = new LinkedHashSet<>();
        frames().forEach(one -> known.add(one.get()[0].getClass()));
        assertThat(known).containsExactlyInAnyOrder(Message.class.getPermittedSubclasses());
    }

    static List<Arguments> frames() throws UnknownHostException {
        return List.of(
                frame(
                        new Message.Hello(1, 3, Message.Purpose.TAKE_OVER, 4_000_000_000L, TOKEN, "orders"),
                        "0000002a01474e484f000100030100000000ee6b2800000102030405060708090a0b0c0d0e0f0006"
                                + "6f7264657273"),
                frame(
                        new Message.Hello(1, 1, Message.Purpose.RECEIVE, 7, Token.NONE),
                        "0000002401474e484f00010001020000000000000007000000000000000000000000000000000000"),
                frame(
                        new Message.Hello(1, 1, Message.Purpose.MIGRATE, 7, Token.NONE),
                        "0000002401474e484f00010001030000000000000007000000000000000000000000000000000000"),
                frame(
                        new Message.Welcome(1, 12, 3, TOKEN, 60_000),
                        "00000027020001000000000000000c00000003000102030405060708090a0b0c0d0e0f0000000000" + "00ea60"),
                frame(new Message.Attach(1, TOKEN), "0000001703474e484f0001000102030405060708090a0b0c0d0e0f"),
                frame(new Message.Manifest(10_000), "000000050400002710"),
                frame(
                        new Message.Descriptor(1, listener(), bytes("m")),
                        "0000001c0500000001010400046874747001047f0000011f900000000000016d"),
                frame(
                        new Message.Descriptor(2, connection(), Bytes.NONE),
                        "0000003e0500000002040600000110fe800000000000000000000000000001000000030050011000"
                                + "0000000000000000000000000000010000000000510000000000"),
                frame(
                        new Message.Descriptor(3, unixListener(), Bytes.NONE),
                        "000000190500000003020100000200072f72756e2fc3bc000000000000"),
                frame(
                        new Message.Descriptor(4, file(), Bytes.NONE),
                        "0000001c0500000004090000036c6f6700000106000001000000000000000000"),
                frame(new Message.Received(64), "000000050600000040"),
                frame(new Message.Ready(), "0000000107"),
                frame(new Message.Commit(10_000), "00000009080000000000002710"),
                frame(new Message.Serving(List.of(0, 7)), "0000000d09000000020000000000000007"),
                frame(new Message.Drained(17), "000000090a0000000000000011"),
                frame(new Message.Abort("because"), "0000000a0b000762656361757365"),
                frame(new Message.State("s", true, bytes("piece")), "0000000e0c01000173000000057069656365"),
                frame(new Message.Withdrawn(11), "000000050d0000000b"),
                frame(new Message.End(), "000000010e"),
                frame(new Message.Alive(true), "000000020f01"),
                frame(new Message.Confirmed(), "0000000110"),
                frame(new Message.RollBack("no database"), "0000000e11000b6e6f206461746162617365"),
                frame(new Message.RolledBack("it died"), "0000000a12000769742064696564"),
                frame(new Message.Age(2), "000000051300000002"),
                frame(new Message.Taken(List.of(0, 63)), "0000000d1400000002000000000000003f"),
                frame(new Message.Refused(5, "no room"), "0000000e150000000500076e6f20726f6f6d"),
                frame(new Message.Released(List.of(1_000_000)), "000000091600000001000f4240"));
    }

    private static Arguments frame(Message message, String frame) {
        return Arguments.of(message, frame);
    }

    private static Bytes bytes(String text) {
        return Bytes.of(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static Description listener() {
        return new Description(
                DescriptorKind.TCP_LISTENER,
                StandardProtocolFamily.INET,
                "http",
                new InetSocketAddress("127.0.0.1", 8080),
                null,
                null);
    }

    private static Description connection() throws UnknownHostException {
        byte[] linkLocal = ByteBufUtil.decodeHexDump("fe800000000000000000000000000001");
        return new Description(
                DescriptorKind.TCP_CONNECTION,
                StandardProtocolFamily.INET6,
                "",
                new InetSocketAddress(Inet6Address.getByAddress(null, linkLocal, 3), 80),
                new InetSocketAddress("::1", 81),
                null);
    }

    private static Description unixListener() {
        return new Description(
                DescriptorKind.UNIX_LISTENER,
                StandardProtocolFamily.UNIX,
                "",
                new DomainSocketAddress("/run/ü"),
                null,
                null);
    }

    private static Description file() {
        return new Description(DescriptorKind.FILE, null, "log", null, null, new FileMode(false, true, true, 1L << 40));
    }
}

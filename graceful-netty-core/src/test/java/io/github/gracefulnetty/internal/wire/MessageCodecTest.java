// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.FileMode;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MessageCodecTest {
    static List<Message> messages() {
        return List.of(
                new Message.Hello(1, 3, Message.Purpose.TAKE_OVER, 4_000_000_000L, Token.random()),
                new Message.Hello(1, 1, Message.Purpose.RECEIVE, 7, Token.NONE),
                new Message.Hello(1, 1, Message.Purpose.TAKE_OVER, 7, Token.NONE, "orders"),
                new Message.Hello(1, 1, Message.Purpose.MIGRATE, 7, Token.NONE),
                new Message.Taken(List.of(0, 1, 63)),
                new Message.Refused(5, "no room"),
                new Message.Released(List.of()),
                new Message.Released(List.of(1_000_000)),
                new Message.Welcome(1, 12, 3, Token.random(), 60_000),
                new Message.Attach(1, Token.random()),
                new Message.Manifest(0),
                new Message.Manifest(10_000),
                descriptor(0, listener(StandardProtocolFamily.INET, inet("127.0.0.1", 8080), "http"), 0),
                descriptor(1, listener(StandardProtocolFamily.INET6, inet("0:0:0:0:0:0:0:0", 80), ""), 1),
                descriptor(2, listener(StandardProtocolFamily.INET6, inet("fe80::1%1", 65535), "n"), 1000),
                descriptor(3, unix(DescriptorKind.UNIX_LISTENER, "/run/app/ü.sock"), MessageCodec.MAX_METADATA),
                descriptor(4, unix(DescriptorKind.UNIXPACKET_LISTENER, "\0abstract"), 3),
                descriptor(5, unix(DescriptorKind.UNIX_DATAGRAM, "/run/app/log"), 0),
                descriptor(
                        6,
                        new Description(
                                DescriptorKind.TCP_CONNECTION,
                                StandardProtocolFamily.INET6,
                                "",
                                inet("::1", 1),
                                inet("::1", 2),
                                null),
                        0),
                descriptor(
                        7,
                        new Description(
                                DescriptorKind.UNIX_CONNECTION, StandardProtocolFamily.UNIX, "", null, null, null),
                        0),
                descriptor(8, file(DescriptorKind.FILE, new FileMode(true, true, false, 1L << 40)), 5),
                descriptor(9, file(DescriptorKind.PIPE, new FileMode(false, true, false, 0)), 0),
                descriptor(10, new Description(DescriptorKind.OTHER, null, "tty", null, null, null), 0),
                new Message.Withdrawn(11),
                new Message.State("sessions", false, Bytes.of(new byte[Fields.MAX_STATE_PIECE])),
                new Message.State("sessions", true, Bytes.NONE),
                new Message.End(),
                new Message.Received(64),
                new Message.Ready(),
                new Message.Commit(0),
                new Message.Commit(10_000),
                new Message.Alive(false),
                new Message.Alive(true),
                new Message.Confirmed(),
                new Message.RollBack("no database"),
                new Message.RolledBack("it died"),
                new Message.Age(2),
                new Message.Serving(List.of()),
                new Message.Serving(List.of(0, 7, 10_000)),
                new Message.Drained(17),
                new Message.Abort("because"));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldReadWhatItWrote(Message message) {
        ByteBuf frame = encoded(message);
        assertThat(frame.readInt()).isEqualTo(frame.readableBytes());
        assertThat(MessageCodec.decode(frame)).isEqualTo(message);
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldRejectAMessageThatIsCutOffAnywhereOrTooLong(Message message) {
        ByteBuf frame = encoded(message).skipBytes(Integer.BYTES);
        int step = 1 + frame.readableBytes() / 1000;
        for (int length = 0; length < frame.readableBytes(); length += step) {
            ByteBuf cut = frame.slice(frame.readerIndex(), length);
            assertThatThrownBy(() -> MessageCodec.decode(cut)).isInstanceOf(ProtocolException.class);
        }
        ByteBuf longer = Unpooled.wrappedBuffer(frame, Unpooled.wrappedBuffer(new byte[1]));
        assertThatThrownBy(() -> MessageCodec.decode(longer))
                .isInstanceOf(ProtocolException.class)
                .hasMessageStartingWith("1 bytes too many after a");
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldReadAMessageThatArrivesByteByByte(Message message) {
        EmbeddedChannel channel = new EmbeddedChannel(new MessageHandler());
        ByteBuf frame = encoded(message);
        int step = 1 + frame.readableBytes() / 1000;
        while (frame.isReadable()) {
            assertThat(channel.<Object>readInbound()).isNull();
            channel.writeInbound(frame.readBytes(Math.min(step, frame.readableBytes())));
        }
        assertThat(channel.<Object>readInbound()).isEqualTo(message);
        assertThat(channel.finish()).isFalse();
    }

    @Test
    void shouldRejectAFrameOverTheCapBeforeItArrives() {
        EmbeddedChannel channel = new EmbeddedChannel(new MessageHandler());
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.buffer().writeInt(MessageCodec.MAX_FRAME + 1)))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("a frame of 1048577 bytes, at most 1048576 are allowed");
        channel.writeInbound(encoded(new Message.Ready()));
        assertThat(channel.<Object>readInbound()).as("read after a violation").isNull();
        channel.finishAndReleaseAll();
    }

    @Test
    void shouldRejectAStrangersProtocolByItsFirstBytes() {
        ByteBuf stranger = Unpooled.buffer()
                .writeByte(1)
                .writeBytes("GET / HTTP/1.1 and more of that kind".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> MessageCodec.decode(stranger))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("not the handoff protocol: it begins with 0x47455420");
    }

    @Test
    void shouldRejectCountsAndStringsOverTheirCaps() {
        assertThatThrownBy(
                        () -> MessageCodec.decode(Unpooled.buffer().writeByte(4).writeInt(-1)))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("a count of 4294967295");
        assertThatThrownBy(() -> MessageCodec.decode(
                        Unpooled.buffer().writeByte(11).writeShort(5000).writeZero(5000)))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("a string of 5000 bytes");
    }

    @Test
    void shouldRejectADescriptorWhoseKindAndAddressDiffer() {
        ByteBuf frame = encoded(descriptor(0, unix(DescriptorKind.UNIX_LISTENER, "/x"), 0));
        frame.setByte(4 + 1 + 4, 1);
        frame.skipBytes(Integer.BYTES);
        assertThatThrownBy(() -> MessageCodec.decode(frame))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("the kind of a descriptor and what is said of it differ");
    }

    @Test
    void shouldRefuseToWriteMetadataOverItsCap() {
        Message.Descriptor tooMuch =
                descriptor(0, unix(DescriptorKind.UNIX_LISTENER, "/x"), MessageCodec.MAX_METADATA + 1);
        assertThatThrownBy(() -> encoded(tooMuch))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("65537 bytes, at most 65536 are allowed");
    }

    @Test
    void shouldNeverAnswerRandomOrMutatedBytesWithAnythingButAProtocolException() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<Message> messages = messages();
        for (int i = 0; i < 200_000; i++) {
            ByteBuf input;
            if (random.nextBoolean()) {
                byte[] bytes = new byte[random.nextInt(80)];
                random.nextBytes(bytes);
                input = Unpooled.wrappedBuffer(bytes);
            } else {
                input = encoded(messages.get(random.nextInt(messages.size()))).skipBytes(Integer.BYTES);
                for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                    input.setByte(
                            input.readerIndex() + random.nextInt(input.readableBytes()), (byte) random.nextInt(256));
                }
            }
            try {
                assertThat(MessageCodec.decode(input)).isNotNull();
            } catch (ProtocolException expected) {
                assertThat(expected).hasMessageNotContaining("null");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", input " + i, e);
            }
        }
    }

    @Test
    void shouldNotShowATokenInALog() {
        Token token = Token.random();
        assertThat(new Message.Attach(1, token).toString()).doesNotContain(token.hex());
    }

    private static ByteBuf encoded(Message message) {
        ByteBuf out = Unpooled.buffer();
        MessageCodec.encode(message, out);
        return out;
    }

    private static Message.Descriptor descriptor(int index, Description description, int metadata) {
        return new Message.Descriptor(index, description, Bytes.of(new byte[metadata]));
    }

    private static InetSocketAddress inet(String ip, int port) {
        return new InetSocketAddress(ip, port);
    }

    private static Description listener(StandardProtocolFamily family, SocketAddress bound, String name) {
        return new Description(DescriptorKind.TCP_LISTENER, family, name, bound, null, null);
    }

    private static Description unix(DescriptorKind kind, String path) {
        return new Description(kind, StandardProtocolFamily.UNIX, "", new DomainSocketAddress(path), null, null);
    }

    private static Description file(DescriptorKind kind, FileMode mode) {
        return new Description(kind, null, "log", null, null, mode);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.gracefulnetty.DescriptorGate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any number of descriptors, in order, each with its own metadata of any size that is allowed. */
@ExtendWith(DescriptorGate.class)
@Timeout(60)
class DescriptorsAndMetadataTest {
    @TempDir
    private Path directory;

    private ReceivedDescriptor receiveOne(Offer offer) throws Exception {
        Path path = directory.resolve("handoff.sock");
        try (DescriptorServer server = DescriptorServer.listen(path, Offerer.of(offer))) {
            return Receiver.from(server.path()).receiveOneBlocking();
        }
    }

    @Test
    void shouldPassOneDescriptor() throws Exception {
        try (Udp udp = new Udp(1);
                ReceivedDescriptor received = receiveOne(udp.offer(0))) {
            assertThat(received.localAddress()).isEqualTo(udp.socket(0).localAddress());
            assertThat(received.name()).isEqualTo("udp0");
            assertThat(received.number()).isNotEqualTo(udp.socket(0).intValue());
        }
    }

    @Test
    void shouldPassTheSameInode() throws Exception {
        try (Udp udp = new Udp(1);
                ReceivedDescriptor received = receiveOne(udp.offer(0))) {
            assertThat(inode(received.number()))
                    .startsWith("socket:")
                    .isEqualTo(inode(udp.socket(0).intValue()));
        }
    }

    private static String inode(int descriptor) throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
    }

    @Test
    void shouldPassAThousandInOrderEachWithItsOwnMetadata() throws Exception {
        Path path = directory.resolve("handoff.sock");
        try (Udp udp = new Udp(1_000);
                DescriptorServer server = DescriptorServer.listen(path, udp.all());
                Kept kept = new Kept()) {
            assertThat(Receiver.from(server.path()).receiveBlocking(kept)).isEqualTo(1_000);
            assertThat(kept.ports).isEqualTo(udp.ports());
            assertThat(kept.boundPorts()).isEqualTo(udp.ports());
            assertThat(kept.events.get(999)).isEqualTo("udp999");
        }
    }

    @Test
    void shouldPassTheSameDescriptorAsOftenAsItIsOffered() throws Exception {
        Path path = directory.resolve("handoff.sock");
        try (Udp udp = new Udp(1);
                DescriptorServer server = DescriptorServer.listen(path, Offerer.of(udp.offer(0), udp.offer(0)));
                Kept kept = new Kept()) {
            assertThat(Receiver.from(server.path()).receiveBlocking(kept)).isEqualTo(2);
            assertThat(kept.descriptors.get(0).number())
                    .isNotEqualTo(kept.descriptors.get(1).number());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65_535, 65_536})
    void shouldPassMetadataOf(int length) throws Exception {
        byte[] metadata = new byte[length];
        new Random(length).nextBytes(metadata);
        try (Udp udp = new Udp(1);
                ReceivedDescriptor received =
                        receiveOne(Offer.descriptor(udp.socket(0)).with(metadata))) {
            assertThat(received.metadata()).isEqualTo(metadata);
        }
    }

    @Test
    void shouldRefuseMetadataOfMoreThan65536BytesAndSendNothing() throws Exception {
        Path path = directory.resolve("handoff.sock");
        String reason = "metadata has at most 65536 bytes, this one 65537: send more as application state";
        try (Udp udp = new Udp(2)) {
            Outcomes outcomes = new Outcomes(to ->
                    to.add(udp.offer(0)).add(Offer.descriptor(udp.socket(1)).with(new byte[65_537])));
            try (DescriptorServer server = DescriptorServer.listen(path, outcomes);
                    Kept kept = new Kept()) {
                assertThat(Outcomes.of(Receiver.from(server.path()).receive(kept)))
                        .contains(reason);
                assertThat(outcomes.next()).contains(reason);
                assertThat(kept.descriptors).isEmpty();
            }
        }
    }

    @Test
    void shouldNotSeeMetadataChangeThatIsChangedAfterwards() throws Exception {
        byte[] metadata = {1, 2, 3};
        try (Udp udp = new Udp(1)) {
            Offer offer = Offer.descriptor(udp.socket(0)).with(metadata);
            metadata[0] = 9;
            try (ReceivedDescriptor received = receiveOne(offer)) {
                received.metadata()[1] = 9;
                assertThat(received.metadata()).containsExactly(1, 2, 3);
            }
        }
    }

    @Test
    void shouldPassAMapOfStringsInItsOrder() throws Exception {
        Map<String, String> map = new LinkedHashMap<>();
        map.put("zone", "Süd 🌍");
        map.put("", "");
        map.put("a", "1\u0000\n2");
        try (Udp udp = new Udp(1);
                ReceivedDescriptor received =
                        receiveOne(Offer.descriptor(udp.socket(0)).with(map))) {
            assertThat(received.metadataMap()).containsExactlyEntriesOf(map);
        }
    }

    @Test
    void shouldWriteNoEntriesAsNoBytes() {
        assertThat(Metadata.of(Map.of())).isEmpty();
        assertThat(Metadata.toMap(new byte[0])).isEmpty();
    }

    @Test
    void shouldWriteAMapThatJustFitsAndRefuseALongerOne() {
        Map<String, String> fits = new LinkedHashMap<>();
        fits.put("a", "x".repeat(40_000));
        fits.put("b", "x".repeat(65_536 - 40_000 - 2 * 2 * Short.BYTES - 2));
        assertThat(Metadata.of(fits)).hasSize(65_536);
        fits.put("b", fits.get("b") + "x");
        assertThatThrownBy(() -> Metadata.of(fits))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the map does not fit into 65536 bytes of metadata");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"00", "0001", "000561", "000161", "0001610002", "0001ff0000", "00016100 01c3", "00000000 7f"})
    void shouldRefuseWhatIsNoMapOfStrings(String hex) {
        byte[] bytes = java.util.HexFormat.of().parseHex(hex.replace(" ", ""));
        assertThatThrownBy(() -> Metadata.toMap(bytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("this metadata is not a map of strings");
    }

    @Test
    void shouldPassTheLongestNameAndRefuseALongerOne() throws Exception {
        String longest = "ä".repeat(2_048);
        try (Udp udp = new Udp(1);
                ReceivedDescriptor received =
                        receiveOne(Offer.descriptor(udp.socket(0)).named(longest))) {
            assertThat(received.name()).isEqualTo(longest);
            assertThatThrownBy(() -> Offer.descriptor(udp.socket(0)).named(longest + "a"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a name has at most 4096 bytes, this one 4097");
        }
    }
}

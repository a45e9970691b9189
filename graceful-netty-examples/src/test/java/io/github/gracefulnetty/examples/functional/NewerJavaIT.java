// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.gracefulnetty.examples.load.LoadResult;
import io.github.gracefulnetty.examples.load.Profile;
import io.github.gracefulnetty.examples.load.StrictClient;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What was built for an older Java runs on the newest one that is installed. */
class NewerJavaIT {
    private static final int AOT_CACHE_WITH_PROFILES = 25;
    private static final int UPGRADES = 3;

    @RegisterExtension
    final TestProcesses processes = new TestProcesses();

    @TempDir
    Path directory;

    @Test
    void shouldLoseNothingOnANewerJava() {
        NewerJava newer = NewerJava.require(18);
        upgradeUnderLoad(http().on(newer), UPGRADES);
    }

    /** The cache is that of a process which has taken over and handed over: it has learned both. */
    @Test
    @Tag("once")
    void shouldLoseNothingWithAnAheadOfTimeCacheOfAnEarlierUpgrade() {
        NewerJava newer = NewerJava.require(AOT_CACHE_WITH_PROFILES);
        long trained = upgradeUnderLoad(http().on(newer).jvm("-XX:AOTCacheOutput=" + directory.resolve("%p.aot")), 2);
        Path cache = directory.resolve("pid" + trained + ".aot");
        assertThat(cache).isNotEmptyFile();
        // The JVM refuses to start if it cannot use the cache.
        upgradeUnderLoad(http().on(newer).jvm("-XX:AOTCache=" + cache, "-XX:AOTMode=on"), UPGRADES);
    }

    private static JavaCommand http() {
        return JavaCommand.http("--port", Integer.toString(FreePort.find()))
                .environment("GRACEFUL_NETTY_PROBATION", "0s");
    }

    /** The pid of the second generation. */
    private long upgradeUnderLoad(JavaCommand command, int upgrades) {
        RunningProcess server = processes.start(command);
        ServerGeneration current = server.awaitReady(1);
        long second = 0;
        try (StrictClient client = StrictClient.builder()
                .address(current.address())
                .profile(Profile.busy(8))
                .profile(Profile.paced(50, Duration.ofMillis(50)))
                .start()) {
            for (int upgrade = 1; upgrade <= upgrades; upgrade++) {
                ServerGeneration old = current;
                Await.until(
                        "answers from " + old,
                        () -> client.snapshot().generation(old.generation()).isPresent());
                old.hup();
                current = server.awaitReady(upgrade + 1);
                old.awaitEnd();
                second = upgrade == 1 ? current.pid() : second;
            }
            LoadResult result = client.stop();
            assertThat(result.clean()).as("nothing lost: %s", result).isTrue();
            assertThat(result.reconnects()).as("%s", result).isZero();
        }
        current.term();
        current.awaitEnd();
        processes.awaitNone();
        return second;
    }
}

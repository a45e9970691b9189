// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of jars; the directory that this process works in and its Java are not the test's to change. */
class DeploymentTest {
    private static final String OVERWRITTEN =
            " was overwritten while this process runs from it: put new versions in place by renaming";

    @TempDir
    Path directory;

    private final Deployment deployment = new Deployment("");
    private Path jar = Path.of("unset");
    private Path other = Path.of("unset");

    @BeforeEach
    void note() throws IOException {
        jar = Files.writeString(directory.resolve("a.jar"), "version 1");
        other = Files.writeString(directory.resolve("b.jar"), "version 1");
        deployment.note(List.of(jar, directory, directory.resolve("missing.jar"), other));
    }

    @Test
    void shouldFindNothingWhenNothingWasChanged() throws IOException {
        Files.writeString(directory.resolve("missing.jar"), "is there by now");
        assertThat(problems()).isEmpty();
    }

    @Test
    void shouldTellOfAJarThatHasAnotherSize() throws IOException {
        Files.writeString(jar, "version 1.1");
        assertThat(problems()).containsExactly(jar + OVERWRITTEN);
    }

    @Test
    void shouldTellOfAJarThatHasTheSameSizeAndWasWrittenLater() throws IOException {
        FileTime before = Files.getLastModifiedTime(other);
        Files.writeString(other, "version 2");
        Files.setLastModifiedTime(other, FileTime.fromMillis(before.toMillis() + 1));
        assertThat(problems()).containsExactly(other + OVERWRITTEN);
    }

    @Test
    void shouldFindNothingWhenAJarWasReplacedByRenaming() throws IOException {
        Path next = Files.writeString(directory.resolve("next.jar"), "version 1.1");
        Files.move(next, jar, StandardCopyOption.ATOMIC_MOVE);
        assertThat(problems()).isEmpty();
    }

    @Test
    void shouldTellOfAJarThatIsGone() throws IOException {
        Files.delete(jar);
        assertThat(problems())
                .singleElement()
                .asString()
                .startsWith(jar + " is not there any more, and this process runs from it");
    }

    @Test
    void shouldCompareWithWhatWasNotedFirst() throws IOException {
        Files.writeString(jar, "version 1.1");
        deployment.note(List.of(jar));
        assertThat(problems()).containsExactly(jar + OVERWRITTEN);
    }

    @Test
    void shouldExplainThatTheJavaWasReplaced() {
        IOException failure = new IOException("Cannot run program: Failed to exec spawn helper");
        assertThat(Deployment.explain(failure))
                .hasMessageContaining("the Java that this process runs on (" + System.getProperty("java.home"))
                .hasMessageContaining("Failed to exec spawn helper")
                .hasCause(failure);
    }

    @Test
    void shouldLeaveAFailureAloneThatTheJavaIsNoReasonFor() {
        IOException failure = new IOException("Cannot run program: No such file or directory");
        assertThat(Deployment.explain(failure)).isSameAs(failure);
    }

    @Test
    void shouldKnowWhereItWasStartedIfTheEnvironmentNamesThatDirectory() throws IOException {
        Path version = Files.createDirectory(directory.resolve("v1"));
        Path current = Files.createSymbolicLink(directory.resolve("current"), version);
        assertThat(Deployment.startedIn(current.toString(), null, version)).isEqualTo(current.toString());
        assertThat(Deployment.startedIn(version.toString(), null, version)).isEqualTo(version.toString());
    }

    @Test
    void shouldNotKnowWhereItWasStartedIfTheEnvironmentNamesAnotherDirectory() {
        assertThat(Deployment.startedIn("/usr", null, directory)).isEmpty();
        assertThat(Deployment.startedIn("/usr", "/var", directory)).isEmpty();
        assertThat(Deployment.startedIn(directory.resolve("missing").toString(), null, directory))
                .isEmpty();
        assertThat(Deployment.startedIn("", null, directory)).isEmpty();
        assertThat(Deployment.startedIn(null, "/usr", directory)).isEmpty();
    }

    /** The predecessor was started there before the link was switched. */
    @Test
    void shouldBelieveThePredecessorWhereItWasStarted() {
        assertThat(Deployment.startedIn("/usr", "/usr", directory)).isEqualTo("/usr");
        Map<String, String> environment = new HashMap<>();
        new Deployment("/usr").putInto(environment);
        assertThat(environment).containsValue("/usr").hasSize(1);
        deployment.putInto(environment);
        assertThat(environment).isEmpty();
    }

    /** Those of the jars. */
    private List<String> problems() {
        return deployment.problems().stream()
                .filter(problem -> problem.startsWith(directory.toString()))
                .toList();
    }
}

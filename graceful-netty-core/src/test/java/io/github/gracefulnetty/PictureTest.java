// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The names in the picture of docs/architecture.md; {@link ArchitectureTest} enforces its arrows. */
class PictureTest {
    private static final String ROOT = "io.github.gracefulnetty";
    private static final Path DOCUMENT = Path.of("..", "docs", "architecture.md");

    /** A package stands at the left of its box, or of its line, in small letters. */
    private static final Pattern PACKAGE = Pattern.compile("\\| (io\\.github\\.gracefulnetty|(?:internal\\.)?[a-z]+) ");

    /** Words of capitals only are none. */
    private static final Pattern CLASS = Pattern.compile("\\b[A-Z]\\w*[a-z]\\w*\\b");

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    @Test
    void shouldShowEveryPackageAndNoOther() throws IOException {
        Set<String> packages = classes.stream()
                .map(JavaClass::getPackageName)
                .map(name -> name.equals(ROOT) ? name : name.substring(ROOT.length() + 1))
                .collect(Collectors.toSet());
        assertThat(found(PACKAGE, 1)).containsExactlyInAnyOrderElementsOf(packages);
    }

    @Test
    void shouldNameClassesThatExist() throws IOException {
        Set<String> all = classes.stream().map(JavaClass::getSimpleName).collect(Collectors.toSet());
        assertThat(found(CLASS, 0)).isNotEmpty().isSubsetOf(all);
    }

    private static Set<String> found(Pattern pattern, int group) throws IOException {
        String picture = Files.readString(DOCUMENT).split("```", -1)[1];
        Matcher matcher = pattern.matcher(picture);
        Set<String> names = new TreeSet<>();
        while (matcher.find()) {
            names.add(matcher.group(group));
        }
        return names;
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.grpc;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler.CompilationTask;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GracefulGrpcTest {
    @TempDir
    Path directory;

    @Test
    void shouldNameTheDependencyToUseInsteadOfTheShadedOne() throws Exception {
        compile("io.grpc.netty.shaded.io.grpc.netty", "NettyServerBuilder");
        try (URLClassLoader withShaded = withoutGrpcNetty()) {
            assertThatThrownBy(() -> forPort(withShaded))
                    .cause()
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("io.grpc:grpc-netty instead of io.grpc:grpc-netty-shaded");
        }
    }

    @Test
    void shouldNameTheDependencyThatIsMissing() throws Exception {
        try (URLClassLoader without = withoutGrpcNetty()) {
            assertThatThrownBy(() -> forPort(without))
                    .cause()
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("add io.grpc:grpc-netty: it is not on the class path");
        }
    }

    private static void forPort(ClassLoader loader) throws Exception {
        Class<?> graceful = Class.forName("io.github.gracefulnetty.Graceful", true, loader);
        Class.forName(GracefulGrpc.class.getName(), true, loader)
                .getMethod("forPort", graceful, int.class)
                .invoke(null, null, 0);
    }

    private URLClassLoader withoutGrpcNetty() throws Exception {
        List<URL> urls = new ArrayList<>();
        urls.add(directory.toUri().toURL());
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, 0)) {
            if (!entry.contains("grpc-netty-1.")) {
                urls.add(Path.of(entry).toUri().toURL());
            }
        }
        return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }

    private void compile(String packageName, String name) {
        JavaFileObject source =
                new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return "package " + packageName + "; public class " + name + " {}";
                    }
                };
        CompilationTask task = ToolProvider.getSystemJavaCompiler()
                .getTask(null, null, null, List.of("-d", directory.toString()), null, List.of(source));
        if (!task.call()) {
            throw new AssertionError("not compiled");
        }
    }
}

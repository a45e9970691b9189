// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.upgrade;

import io.github.gracefulnetty.internal.transfer.DescriptorSender;
import io.github.gracefulnetty.internal.transfer.FileItem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Files by name that a successor will get. Their channels stay the application's. Safe for use by several threads. */
public final class NamedFiles {
    private final Map<String, FileItem> files = new LinkedHashMap<>();

    public synchronized void handOver(String name, FileItem file) {
        files.put(name, file);
    }

    /** Those that are open still. */
    synchronized List<DescriptorSender.Item> items() {
        files.values().removeIf(file -> !file.isOpen());
        return new ArrayList<>(files.values());
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.transfer;

import io.github.gracefulnetty.internal.descriptor.Bytes;
import io.github.gracefulnetty.internal.descriptor.Description;
import io.github.gracefulnetty.internal.descriptor.FileMode;
import io.github.gracefulnetty.internal.process.OpenFiles;
import io.github.gracefulnetty.transport.DescriptorKind;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A regular file or a pipe. It is opened once more for each receiver: receiving changes the flags of an open file for
 * everybody who shares it, and the sender's must stay as they are.
 */
public final class FileItem implements DescriptorSender.Item {
    private static final FileMode UNKNOWN = new FileMode(false, false, false, 0);

    private final DescriptorKind kind;
    private final int number;
    private final BooleanSupplier open;
    private final String name;
    private final Bytes metadata;
    private OpenFiles.@Nullable Reopened copy;

    /**
     * @param kind file or pipe
     * @param number the descriptor
     * @param open whether that is still open
     */
    public FileItem(DescriptorKind kind, int number, BooleanSupplier open, String name, Bytes metadata) {
        this.kind = kind;
        this.number = number;
        this.open = open;
        this.name = name;
        this.metadata = metadata;
    }

    /**
     * A regular file; it stays its owner's.
     *
     * @throws IOException if it is no regular file, or this system does not tell its descriptor
     */
    public static FileItem of(FileChannel file, String name, Bytes metadata) throws IOException {
        return new FileItem(DescriptorKind.FILE, OpenFiles.number(file), file::isOpen, name, metadata);
    }

    /** Whether it can still be sent. */
    public boolean isOpen() {
        return open.getAsBoolean();
    }

    @Override
    public Bytes metadata() {
        return metadata;
    }

    /** How the copy is open that was made by {@link #descriptor()}; before that, only what it is. */
    @Override
    public Description description() {
        OpenFiles.Reopened made = copy;
        return new Description(kind, null, name, null, null, made == null ? UNKNOWN : made.mode());
    }

    @Override
    public @Nullable FileDescriptor descriptor() throws IOException {
        if (!isOpen()) {
            return null;
        }
        OpenFiles.Reopened made = OpenFiles.reopen(number);
        copy = made;
        if (!isOpen()) {
            done(); // the number may have meant another file already
            return null;
        }
        return new FileDescriptor(made.number());
    }

    @Override
    public void done() {
        OpenFiles.Reopened made = copy;
        copy = null;
        if (made != null) {
            try {
                made.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot close " + name, e);
            }
        }
    }
}

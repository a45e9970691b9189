// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.listener;

import static io.netty.channel.ChannelOption.SO_BACKLOG;
import static io.netty.channel.ChannelOption.SO_RCVBUF;
import static io.netty.channel.ChannelOption.SO_REUSEADDR;

import io.github.gracefulnetty.transport.NativeTransport;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ServerSocketChannelConfig;
import io.netty.util.NetUtil;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps options until the socket is known. What {@link DefaultChannelConfig} understands concerns the channel object
 * only; everything else is for the real channel, which gets it before it is bound, or not at all when its socket is
 * shared with other processes.
 */
final class LateBindingConfig extends DefaultChannelConfig implements ServerSocketChannelConfig {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(LateBindingConfig.class);

    private final Supplier<String> description;
    private final Runnable whenAutoReadCleared;
    private final Map<ChannelOption<?>, Object> early = new LinkedHashMap<>();
    private volatile @Nullable Channel inner;
    private volatile @Nullable NativeTransport sharedThrough;

    /**
     * @param description of {@code channel}, for messages
     * @param whenAutoReadCleared runs each time that auto-read is switched off, on the thread that does it
     */
    LateBindingConfig(Channel channel, Supplier<String> description, Runnable whenAutoReadCleared) {
        super(channel);
        this.description = description;
        this.whenAutoReadCleared = whenAutoReadCleared;
    }

    /** All options that were set so far, in order. */
    synchronized Map<ChannelOption<?>, Object> early() {
        return new LinkedHashMap<>(early);
    }

    /**
     * From now on {@code channel} is asked.
     *
     * @param sharedThrough the transport of a channel whose socket other processes share, {@code null} if none does
     */
    void bound(Channel channel, @Nullable NativeTransport sharedThrough) {
        this.sharedThrough = sharedThrough;
        inner = channel;
    }

    /** Whether {@code option} concerns the socket, not only the channel object. */
    boolean reachesSocket(ChannelOption<?> option, NativeTransport transport) {
        return !super.getOptions().containsKey(option) && transport.changesSocket(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        boolean ownOption = super.setOption(option, value);
        Channel bound = inner;
        if (bound == null) {
            synchronized (this) {
                early.put(option, value);
            }
            return true;
        }
        if (option.equals(ChannelOption.AUTO_READ)) {
            return true; // followed on the event loop, together with the register
        }
        NativeTransport shared = sharedThrough;
        if (shared != null && reachesSocket(option, shared)) {
            LOGGER.info("graceful-netty: {} is not changed, {} is shared", option.name(), description.get());
            return true;
        }
        return bound.config().setOption(option, value) || ownOption;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        Channel bound = inner;
        T own = super.getOption(option);
        if (own != null) {
            return own;
        }
        if (bound != null) {
            return bound.config().getOption(option);
        }
        synchronized (this) {
            return (T) early.get(option);
        }
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        Map<ChannelOption<?>, Object> options = new LinkedHashMap<>();
        Channel bound = inner;
        if (bound != null) {
            options.putAll(bound.config().getOptions());
        } else {
            options.putAll(early());
        }
        options.putAll(super.getOptions());
        return options;
    }

    @Override
    protected void autoReadCleared() {
        whenAutoReadCleared.run();
    }

    @Override
    public int getBacklog() {
        Integer backlog = getOption(SO_BACKLOG);
        return backlog == null ? NetUtil.SOMAXCONN : backlog;
    }

    @Override
    public ServerSocketChannelConfig setBacklog(int backlog) {
        setOption(SO_BACKLOG, backlog);
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return !Boolean.FALSE.equals(getOption(SO_REUSEADDR)); // on by default in the native transports
    }

    @Override
    public ServerSocketChannelConfig setReuseAddress(boolean reuseAddress) {
        setOption(SO_REUSEADDR, reuseAddress);
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        Integer size = getOption(SO_RCVBUF);
        return size == null ? 0 : size;
    }

    @Override
    public ServerSocketChannelConfig setReceiveBufferSize(int receiveBufferSize) {
        setOption(SO_RCVBUF, receiveBufferSize);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        return this; // means nothing to native sockets
    }

    @Override
    public ServerSocketChannelConfig setConnectTimeoutMillis(int connectTimeoutMillis) {
        super.setConnectTimeoutMillis(connectTimeoutMillis);
        return this;
    }

    @Override
    @Deprecated
    public ServerSocketChannelConfig setMaxMessagesPerRead(int maxMessagesPerRead) {
        super.setMaxMessagesPerRead(maxMessagesPerRead);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setWriteSpinCount(int writeSpinCount) {
        super.setWriteSpinCount(writeSpinCount);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setAutoRead(boolean autoRead) {
        super.setAutoRead(autoRead);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setWriteBufferHighWaterMark(int writeBufferHighWaterMark) {
        super.setWriteBufferHighWaterMark(writeBufferHighWaterMark);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setWriteBufferLowWaterMark(int writeBufferLowWaterMark) {
        super.setWriteBufferLowWaterMark(writeBufferLowWaterMark);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setWriteBufferWaterMark(WriteBufferWaterMark writeBufferWaterMark) {
        super.setWriteBufferWaterMark(writeBufferWaterMark);
        return this;
    }
}

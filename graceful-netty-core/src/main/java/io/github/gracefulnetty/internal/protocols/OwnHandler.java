// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.channel.ChannelHandler;

/** A handler that this library has put into a pipeline of the application's: no part of what its initializer builds. */
public interface OwnHandler extends ChannelHandler {}

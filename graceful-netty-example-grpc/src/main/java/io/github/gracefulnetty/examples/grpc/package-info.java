// SPDX-License-Identifier: Apache-2.0
/** A gRPC server that is replaced without its clients noticing. */
@NullMarked
package io.github.gracefulnetty.examples.grpc;

import org.jspecify.annotations.NullMarked;

// SPDX-License-Identifier: Apache-2.0
/** gRPC servers on listeners that outlive the process. */
@NullMarked
package io.github.gracefulnetty.grpc;

import org.jspecify.annotations.NullMarked;

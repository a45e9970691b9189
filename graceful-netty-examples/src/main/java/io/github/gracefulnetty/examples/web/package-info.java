// SPDX-License-Identifier: Apache-2.0
/** The shortest web server that is replaced by its next copy. */
@NullMarked
package io.github.gracefulnetty.examples.web;

import org.jspecify.annotations.NullMarked;

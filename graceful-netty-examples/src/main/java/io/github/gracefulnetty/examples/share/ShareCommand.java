// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.share;

import picocli.CommandLine.Command;

/** The {@code share} example: one process offers descriptors, any number of others take copies and use them. */
@Command(
        name = "share",
        description = "Shares a listener, a connection, a file and a pipe between processes.",
        subcommands = {ShareOffer.class, ShareTake.class},
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
public final class ShareCommand {}

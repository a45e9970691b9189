// SPDX-License-Identifier: Apache-2.0
module modular {
    requires io.github.gracefulnetty;
}

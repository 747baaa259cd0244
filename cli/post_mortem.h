/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * post_mortem.h - what `ring1 run`, `trace` and `replay` have for the time after the guest's
 * end: names of its addresses.
 */
#ifndef CLI_POST_MORTEM_H
#define CLI_POST_MORTEM_H

#include "options.h"

/* --symbols. False: one is wrong, "--symbols: FILE: why". */
bool post_mortem_add_symbols(const struct options *o, ring1_machine *m, GError **error);

#endif

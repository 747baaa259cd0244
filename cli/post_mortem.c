/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * post_mortem.c - see post_mortem.h.
 */
#include "post_mortem.h"

bool post_mortem_add_symbols(const struct options *o, ring1_machine *m, GError **error)
{
    for (char **spec = o->symbols; spec && *spec; spec++) {
        if (ring1_machine_add_symbols(m, *spec, error))
            continue;
        g_prefix_error(error, "--symbols: ");
        return false;
    }
    return true;
}

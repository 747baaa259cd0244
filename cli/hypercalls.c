/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hypercalls.c - `ring1 hypercalls`: the table of a Xen, and how each row is
 * served.
 */
#include "commands.h"
#include "options.h"

int command_hypercalls(int argc, char **argv)
{
    struct options o;
    int status;
    if (options_parse(&o, COMMAND_HYPERCALLS, argc, argv, &status)) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = ring1_describe_hypercalls(o.config->abi, o.config->xen, o.json, &error);
        if (text) {
            status = print_out(text);
        } else {
            complain("%s", error->message);
            status = status_of_error(error);
        }
    }
    options_clear(&o);
    return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace.c - `ring1 trace`: a run whose hypercalls are written down (tracing.c).
 */
#include "commands.h"
#include "run.h"

int command_trace(int argc, char **argv)
{
    struct options o;
    int status;
    if (options_parse(&o, COMMAND_TRACE, argc, argv, &status)) {
        o.trace = true;
        status = run_image(&o);
    }
    options_clear(&o);
    return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * commands.h - names of what a hypercall does by its first argument: "shutdown"
 * for sched_op's command 2, as Xen's headers have them.
 */
#ifndef DEBUG_COMMANDS_H
#define DEBUG_COMMANDS_H

#include "dispatch/hypercall.h"

/* NULL: the row has no commands, or not this one. */
const char *command_name(const struct hypercall *row, uint32_t cmd);

#endif

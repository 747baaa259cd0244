/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * commands.h - the words of a call that is over, and whose memory nobody can read any
 * more: what its first argument asked for ("shutdown" for sched_op's command 2), and
 * what the others are called.
 */
#ifndef DEBUG_COMMANDS_H
#define DEBUG_COMMANDS_H

#include "dispatch/describe.h"

/* NULL: the row has no commands, or not this one. */
const char *command_name(const struct hypercall *row, uint32_t cmd);

/* The name of an argument word, "" where there is none; of the second word of a long
 * number with a ' behind it. The caller frees it. */
char *argument_name(const struct hypercall *row, unsigned word);

#endif

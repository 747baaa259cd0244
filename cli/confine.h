/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * confine.h - --sandbox: what a run still needs when all is opened, and giving away all
 * else (sandbox/sandbox.h, docs/security.md).
 */
#ifndef CLI_CONFINE_H
#define CLI_CONFINE_H

#include "options.h"

/* Enter the sandbox; nothing can be opened from here. `needs` are beyond what follows from
 * the options (enum sandbox_needs). False: it was asked for and cannot be had; said so. */
bool confine(const struct options *o, unsigned needs);

/* What follows from a configuration that the options do not have: of a snapshot. */
unsigned confine_needs(const ring1_config *config);

/* The first machine stands: code for another is mapped no more, if none can follow. */
void confine_made(const struct options *o);

/* The line of `ring1 --version`; g_free. */
char *confine_describe(void);

#endif

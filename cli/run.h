/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run.h - a run as the options say, for every command that makes one.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "options.h"

/* Run the image to its end; returns the exit status. */
int run_image(const struct options *o);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world_priv.h - between world.c and world_reset.c.
 */
#ifndef DEBUG_WORLD_PRIV_H
#define DEBUG_WORLD_PRIV_H

#include "world.h"

struct world_start;
struct world_start *world_start_save(struct world *w);
void world_start_free(struct world_start *s);

#endif

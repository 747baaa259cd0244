/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * rewind.h - a machine that is run again and again from one place: the way back costs what
 * was changed, not what there is. What snapshots hold is what is put back.
 */
#ifndef EMU_REWIND_H
#define EMU_REWIND_H

#include "machine.h"

/* The machine as it stands is the start. From here on it is not saved or restored otherwise. */
struct rewind *rewind_new(struct machine *m);
void rewind_free(struct rewind *r);
void rewind_back(struct rewind *r);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine_file.h - a machine's state as bytes for a file, and back. Nothing that is read is
 * believed: what no machine can be in is refused.
 */
#ifndef EMU_MACHINE_FILE_H
#define EMU_MACHINE_FILE_H

#include "machine.h"

/* Clock, domain, vcpus, CPUs, and what the machine keeps for itself. */
GBytes *machine_pack(struct machine *m);
/* Frames: owners, types, counts. */
GBytes *machine_pack_frames(const struct machine *m);
/* A word for the layout of both: another one is another layout. The caller frees it. */
char *machine_layout(void);
/* The types of all that is in them, ended by NULL. */
struct state_type;
const struct state_type *const *machine_state_types(void);

/* Into a machine that was made with the same configuration and never ran, in this order:
 * memory is emptied, pages are put, frames, the rest. The machine is of no use when one of
 * them fails (RING1_ERROR_INPUT). */
void machine_unpack_begin(struct machine *m);
bool machine_unpack_page(struct machine *m, uint32_t mfn, const uint8_t *bytes, GError **error);
bool machine_unpack_frames(struct machine *m, GBytes *bytes, GError **error);
bool machine_unpack(struct machine *m, GBytes *bytes, GError **error);
/* At last, when the devices have theirs: domain_check, and it is ready to run. */
bool machine_unpack_end(struct machine *m, const uint32_t *backend, GError **error);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * resume.h - a domain that shut down to be suspended goes on: in new frames, as if a
 * toolstack had saved it and restored it elsewhere, or where it is (docs/xen-abi.md 9.7).
 */
#ifndef EMU_RESUME_H
#define EMU_RESUME_H

#include "machine.h"

/* The guest's memory gets frames numbered by `seed`; its page tables, its p2m, its
 * start_info and what its vcpus name are rewritten; shared_info is another, event
 * channels, grants, timers and registered places are those of a new domain. The
 * guest's hypercall returns 0. RING1_ERROR_STATE: it did not suspend, or did not leave
 * what a toolstack needs; it is then as it was. */
bool machine_resume(struct machine *m, uint64_t seed, GError **error);

/* The suspend is cancelled: the hypercall returns 1, all else is as it was. */
bool machine_resume_cancelled(struct machine *m, GError **error);

#endif

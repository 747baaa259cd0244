/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vcpus.h - several vcpus on the one CPU: the machine's side of
 * dispatch/run_queue.h.
 */
#ifndef EMU_VCPUS_H
#define EMU_VCPUS_H

#include "dispatch/run_queue.h"

struct machine;

/* Have the vcpu whose turn it is on the CPU: m->current. NULL: none can run. */
struct vcpu *vcpus_schedule(struct machine *m);

#endif

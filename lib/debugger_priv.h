/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger_priv.h - what a debugger's parts share: debugger.c runs the present,
 * debugger_look.c reads and changes it.
 */
#ifndef LIB_DEBUGGER_PRIV_H
#define LIB_DEBUGGER_PRIV_H

#include "emu/stops.h"
#include "machine_priv.h"

#include <ring1/debugger.h>

struct watch {
    uint32_t address, size;
    enum ring1_watch_kind kind;
};

struct ring1_debugger {
    ring1_machine *live;  /* of a machine that is run here; NULL: of a replay */
    ring1_record *record; /* NULL: there is no past */
    ring1_replay *replay; /* whose machine is looked at; NULL: none was needed yet */
    bool in_past;
    GArray *breakpoints; /* uint32_t: kept, for there may be two machines */
    GArray *watches;     /* struct watch */
    ring1_catch_fn catch;
    void *catch_user;
    _Atomic bool interrupted;
};

/* The machine that is looked at. */
static inline struct machine *debugger_inside(ring1_debugger *d)
{
    return ring1_debugger_machine(d)->machine;
}

/* debugger_look.c: what FXSAVE would store. */
void debugger_get_fpu(ring1_machine *m, struct vcpu *v, uint8_t image[512]);

#endif

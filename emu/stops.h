/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stops.h - where a debugger has a run end. A machine that is stopped, stepped and
 * gone on with runs as if it had not been left: the same looks at the same clock, the
 * same turns, the same memory. A machine without a debugger has none of this.
 *
 * A stop is between two instructions, or before an entry of a multicall, and is a state
 * like any other: it can be saved, restored and gone on from.
 */
#ifndef EMU_STOPS_H
#define EMU_STOPS_H

#include <ring1/debugger.h>

struct machine;
struct call;

enum stop_kind {
    STOP_NONE,
    STOP_STEPPED,
    STOP_BREAKPOINT, /* before the instruction at `address` */
    STOP_WATCHPOINT, /* after the access to the watchpoint at `address` */
    STOP_CALL,       /* before or after `call` */
    STOP_PLACE,      /* stops_at */
};

struct stop {
    enum stop_kind kind;
    unsigned vcpu;
    uint32_t address, size;      /* WATCHPOINT: the watchpoint's */
    enum ring1_watch_kind watch; /* WATCHPOINT: the watchpoint's */
    bool by_hypercall;           /* WATCHPOINT */
    struct ring1_call call;      /* CALL; arg is kept here */
    uint32_t arg[6];
    bool is_return;
};

/* The machine has a debugger from now on; or has none, and nothing of it is left. */
void stops_attach(struct machine *m);
void stops_detach(struct machine *m);

/* The functions of ring1/debugger.h; outside a run. */
void stops_break(struct machine *m, uint32_t address);
void stops_unbreak(struct machine *m, uint32_t address);
bool stops_watch(struct machine *m, uint32_t address, uint32_t size, enum ring1_watch_kind kind);
void stops_unwatch(struct machine *m, uint32_t address, uint32_t size, enum ring1_watch_kind kind);
void stops_catch(struct machine *m, ring1_catch_fn fn, void *user);

/* Of the next machine_run alone: it ends after an instruction of that vcpu; exactly at
 * that place, or at the first after it that exists. */
void stops_step(struct machine *m, unsigned vcpu);
void stops_at(struct machine *m, const struct ring1_place *place);

/* The machine's state is another: what was stopped for before counts anew. */
void stops_restored(struct machine *m);

/* The last stop was at a place that nobody asked to see: a breakpoint there is still to be stopped for. */
void stops_not_seen(struct machine *m);

/* Where the machine stands. */
struct ring1_place stops_place(const struct machine *m);

/* machine_run ended with RING1_STOP_DEBUG: why. */
const struct stop *stops_last(const struct machine *m);

#endif

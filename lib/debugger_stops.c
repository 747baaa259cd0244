/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger_stops.c - emu/stops.h with nothing behind it, for as long as there is none.
 */
#include "emu/machine.h"
#include "emu/stops.h"

void stops_attach(struct machine *m)
{
    (void)m;
}

void stops_detach(struct machine *m)
{
    (void)m;
}

void stops_break(struct machine *m, uint32_t address)
{
    (void)m, (void)address;
}

void stops_unbreak(struct machine *m, uint32_t address)
{
    (void)m, (void)address;
}

bool stops_watch(struct machine *m, uint32_t address, uint32_t size, enum ring1_watch_kind kind)
{
    (void)m, (void)address, (void)size, (void)kind;
    return true;
}

void stops_unwatch(struct machine *m, uint32_t address, uint32_t size, enum ring1_watch_kind kind)
{
    (void)m, (void)address, (void)size, (void)kind;
}

void stops_catch(struct machine *m, ring1_catch_fn fn, void *user)
{
    (void)m, (void)fn, (void)user;
}

void stops_step(struct machine *m, unsigned vcpu)
{
    (void)m, (void)vcpu;
}

void stops_at(struct machine *m, const struct ring1_place *place)
{
    (void)m, (void)place;
}

struct ring1_place stops_place(const struct machine *m)
{
    return (struct ring1_place){machine_now(m), m->s.hypercalls, 0};
}

const struct stop *stops_last(const struct machine *m)
{
    static const struct stop none;
    (void)m;
    return &none;
}

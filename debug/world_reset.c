/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world_reset.c - a world's start, kept, and the way back to it. What emu/snapshot.c
 * says is state is state here; but copied back is only what can have changed: frames
 * that are marked dirty, and of the domain's state the vcpus that there are, and the
 * ports, handles and records that were used.
 */
#include "world_priv.h"

#include "dispatch/memory_image.h"
#include "dispatch/timer.h"

#include <string.h>

struct world_start {
    struct domain_state *domain;
    struct memory_image *memory;
    uint64_t now;
};

struct world_start *world_start_save(struct world *w)
{
    struct world_start *s = g_new(struct world_start, 1);
    s->domain = g_memdup2(&w->d->s, sizeof w->d->s);
    s->memory = memory_save(w->mem);
    s->now = w->now;
    return s;
}

void world_start_free(struct world_start *s)
{
    if (!s)
        return;
    memory_image_unref(s->memory);
    g_free(s->domain);
    g_free(s);
}

/* Where a vcpu looks for events is written past the marks. */
static void mark_info(struct world *w, const struct vcpu *v)
{
    const uint8_t *was = memory_image_page(w->start->memory, v->info_mfn);
    const uint8_t *now = frame_ptr(w->mem, v->info_mfn);
    if (!was || memcmp(now + v->info_offset, was + v->info_offset, VCPU_INFO_SIZE) != 0)
        frame_dirty(w->mem, v->info_mfn);
}

static void put_back_memory(struct world *w)
{
    const struct memory_rewind how = {0};
    const struct domain_state *was = w->start->domain, *now = &w->d->s;
    for (unsigned i = 0; i < now->nr_vcpus; i++) {
        mark_info(w, &now->vcpu[i]);
        mark_info(w, &was->vcpu[i]);
    }
    memory_rewind(w->mem, &how);
}

/* From one field up to another. */
#define PUT_BACK(now, was, type, first, beyond)                                                              \
    memcpy((uint8_t *)(now) + G_STRUCT_OFFSET(type, first),                                                  \
           (const uint8_t *)(was) + G_STRUCT_OFFSET(type, first),                                            \
           G_STRUCT_OFFSET(type, beyond) - G_STRUCT_OFFSET(type, first))

/* Gates and FPU of one that never was initialised are as they were. */
static void put_back_vcpu(struct vcpu *now, const struct vcpu *was)
{
    if (now->initialised || was->initialised) {
        memcpy(now, was, sizeof *now);
        return;
    }
    PUT_BACK(now, was, struct vcpu, domain, traps);
    PUT_BACK(now, was, struct vcpu, fast_trap, fpu);
    PUT_BACK(now, was, struct vcpu, gdt_entries, maptrack_tail);
    now->maptrack_tail = was->maptrack_tail;
}

/* The state with its long arrays as far as they have been used. What stands behind
 * that, nobody has written to; nr_* of the records say so of themselves. */
static void put_back_domain(struct world *w)
{
    const struct domain_state *was = w->start->domain;
    struct domain_state *now = &w->d->s;
    unsigned ports = MAX(now->evtchn_top, was->evtchn_top);
    unsigned handles = MAX(now->grant.nr_maptrack, was->grant.nr_maptrack);
    bool exceptions = now->nr_exceptions != was->nr_exceptions, entries = now->nr_entries != was->nr_entries,
         refused = now->nr_refused != was->nr_refused;
    memcpy(now->evtchn, was->evtchn, MIN(ports + 1u, NR_EVTCHNS) * sizeof was->evtchn[0]);
    memcpy(now->grant.maptrack, was->grant.maptrack, handles * sizeof was->grant.maptrack[0]);
    if (exceptions)
        memcpy(now->exception, was->exception, sizeof was->exception);
    if (entries)
        memcpy(now->entry, was->entry, sizeof was->entry);
    if (refused)
        memcpy(now->refused, was->refused, sizeof was->refused);
    PUT_BACK(now, was, struct domain_state, domid, exception);
    now->nr_entries = was->nr_entries;
    now->nr_refused = was->nr_refused;
    PUT_BACK(now, was, struct domain_state, preempt, evtchn);
    PUT_BACK(now, was, struct domain_state, evtchn_top, grant.maptrack);
    for (unsigned i = 0; i < was->nr_vcpus; i++)
        put_back_vcpu(&now->vcpu[i], &was->vcpu[i]);
}

void world_reset(struct world *w)
{
    const struct world_start *s = w->start;
    put_back_memory(w);
    put_back_domain(w);
    w->d->in_multicall = false;
    w->d->why[0] = '\0';
    w->d->s.attention = 0;
    w->now = s->now;
    w->next_timer = timers_next(w->d);
    w->notified = 0;
    if (w->console)
        g_string_truncate(w->console, 0);
}

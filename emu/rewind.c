/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * rewind.c - see rewind.h.
 *
 * Emptying the engine's TLB, and filling it again, would cost more than all the rest. So
 * it is kept as long as what it was filled from is as it was: page tables, descriptors,
 * and what else fill.c asks for. Frames that may be written by way of it stay marked as
 * dirty, and are put back each time, until they are too many.
 */
#include "rewind.h"

#include "dispatch/memory_image.h"

#include <string.h>

/* Frames that are put back each time; and how many times, until they are looked for anew. */
#define KEPT_MAX  64u
#define KEPT_RUNS 512u
/* Frames whose code is forgotten one by one; then all is. */
#define FORGET_MAX 64u

struct rewind {
    struct machine *m;
    struct snapshot *snapshot; /* holds memory's image */
    struct domain_state *domain;
    struct machine_state s;
    struct cpu_mark *cpu;
    uint64_t clock, next_timer;
    bool timer_known;
    /* Of one way back. */
    bool flush;
    unsigned kept, forgotten;
    unsigned runs; /* since the TLB was emptied */
};

struct rewind *rewind_new(struct machine *m)
{
    struct rewind *r = g_new0(struct rewind, 1);
    machine_disturb(m);
    r->m = m;
    r->snapshot = machine_save(m);
    r->domain = g_memdup2(&m->domain->s, sizeof m->domain->s);
    r->s = m->s;
    r->cpu = cpu_mark_new(m->cpu);
    r->clock = cpu_clock(m->cpu);
    r->timer_known = m->timer_known;
    r->next_timer = m->next_timer;
    return r;
}

void rewind_free(struct rewind *r)
{
    if (!r)
        return;
    cpu_mark_free(r->cpu);
    snapshot_free(r->snapshot);
    g_free(r->domain);
    g_free(r);
}

/* --- memory -------------------------------------------------------------------------------------- */

/* Frames that are written without a mark. */
static void mark_shared(const struct rewind *r)
{
    const struct memory *mem = r->m->mem;
    const struct domain_state *s = &r->m->domain->s;
    frame_dirty(mem, s->console_mfn);
    frame_dirty(mem, s->store_mfn);
    frame_dirty(mem, s->shared_info);
    for (unsigned i = 0; i < s->nr_vcpus; i++) {
        frame_dirty(mem, s->vcpu[i].info_mfn); /* which it may have moved */
        frame_dirty(mem, r->domain->vcpu[i].info_mfn);
    }
}

static void on_code_changed(void *user, mfn_t mfn)
{
    struct rewind *r = user;
    r->flush = true;
    if (r->forgotten++ >= FORGET_MAX)
        return;
    cpu_forget_code(r->m->cpu, mfn);
    r->m->mem->marks[mfn.mfn] &= (uint8_t)~MARK_EXECUTED;
}

static bool keep(void *user, mfn_t mfn)
{
    struct rewind *r = user;
    r->kept++;
    (void)mfn;
    return true;
}

static void on_tables_changed(void *user)
{
    struct rewind *r = user;
    r->flush = true;
}

static void put_back_memory(struct rewind *r)
{
    struct machine *m = r->m;
    const struct memory_rewind how = {r, on_code_changed, keep, on_tables_changed};
    if (m->domain->s.attention & ATTN_FORGET)
        machine_forget_code(m);
    mark_shared(r);
    r->kept = r->forgotten = 0;
    memory_rewind(m->mem, &how);
    if (r->forgotten > FORGET_MAX)
        machine_forget_all_code(m);
}

/* --- the rest ------------------------------------------------------------------------------------- */

/* What fill.c answers by, beside page tables, is another. */
static bool fills_differ(const struct rewind *r)
{
    const struct machine *m = r->m;
    const struct domain_state *now = &m->domain->s, *was = r->domain;
    if (now->translation_generation != was->translation_generation ||
        now->queue.current != was->queue.current || m->breakpoints.nr || m->table_copied || m->step.armed ||
        m->segment_limits || memcmp(&m->s.idle, &r->s.idle, sizeof m->s.idle) != 0)
        return true;
    const struct vcpu *v = m->current, *w = &was->vcpu[v->id];
    return v->cr3.mfn != w->cr3.mfn || v->gdt_entries != w->gdt_entries || v->ldt_entries != w->ldt_entries ||
           memcmp(v->gdt, w->gdt, sizeof v->gdt) != 0 || memcmp(v->ldt, w->ldt, sizeof v->ldt) != 0 ||
           memcmp(v->dr, w->dr, sizeof v->dr) != 0;
}

/* The state with its long arrays as far as they have been used. What stands behind that,
 * nobody has written to. */
static void put_back_domain(const struct rewind *r)
{
    const struct domain_state *was = r->domain;
    struct domain_state *now = &r->m->domain->s;
    unsigned ports = MAX(now->evtchn_top, was->evtchn_top);
    unsigned handles = MAX(now->grant.nr_maptrack, was->grant.nr_maptrack);
    const size_t evtchn = G_STRUCT_OFFSET(struct domain_state, evtchn),
                 evtchn_end = G_STRUCT_OFFSET(struct domain_state, evtchn_top),
                 maptrack = G_STRUCT_OFFSET(struct domain_state, grant.maptrack),
                 vcpu = G_STRUCT_OFFSET(struct domain_state, vcpu);
    uint8_t *to = (uint8_t *)now;
    const uint8_t *from = (const uint8_t *)was;
    memcpy(now->evtchn, was->evtchn, MIN(ports + 1u, NR_EVTCHNS) * sizeof was->evtchn[0]);
    memcpy(now->grant.maptrack, was->grant.maptrack, handles * sizeof was->grant.maptrack[0]);
    memcpy(to, from, evtchn);
    memcpy(to + evtchn_end, from + evtchn_end, maptrack - evtchn_end);
    memcpy(to + vcpu, from + vcpu, was->nr_vcpus * sizeof(struct vcpu));
}

static void empty_tlb(struct rewind *r)
{
    struct machine *m = r->m;
    memory_clean(m->mem);
    cpu_flush_tlb(m->cpu);
    tlb_filter_clear(&m->tlb);
    r->runs = 0;
}

void rewind_back(struct rewind *r)
{
    struct machine *m = r->m;
    r->flush = fills_differ(r) || ++r->runs == KEPT_RUNS;
    if (m->breakpoints.nr ||
        memcmp(m->current->dr, r->domain->vcpu[m->current->id].dr, sizeof m->current->dr) != 0)
        breakpoints_load_guest(&m->breakpoints, r->domain->vcpu[r->domain->queue.current].dr);
    put_back_memory(r);
    put_back_domain(r);
    m->s = r->s;
    m->current = &m->domain->s.vcpu[m->domain->s.queue.current];
    m->timer_known = r->timer_known;
    m->next_timer = r->next_timer;
    m->block_cut = m->mended = m->door_shut = false;
    m->step = (struct single_step){0};
    m->domain->in_multicall = false;
    m->domain->why[0] = '\0';
    cpu_mark_back(m->cpu, r->cpu);
    cpu_set_clock(m->cpu, r->clock);
    if (r->flush || r->kept > KEPT_MAX)
        empty_tlb(r);
}

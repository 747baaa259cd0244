/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world.c - making a world and living in it; world_reset.c has its way back.
 */
#include "world.h"

#include "dispatch/evtchn.h"
#include "dispatch/grant.h"
#include "dispatch/page_type.h"
#include "dispatch/preempt.h"
#include "dispatch/ptwr.h"
#include "dispatch/run_queue.h"
#include "dispatch/schedule.h"
#include "dispatch/timer.h"
#include "emu/boot.h"
#include "emu/frames.h"
#include "emu/machine.h"
#include "first_tables.h"
#include "world_priv.h"

#include <errno.h>
#include <string.h>

#define DEFAULT_PAGES 1024u
/* `int $0x82`, as the clock counts it. */
#define CALL_NS (TRAP_NS + 2 * CPU_NS_PER_BYTE)

static uint64_t clock_now(void *user)
{
    return ((struct world *)user)->now;
}

static void notify(void *user, enum backend backend, uint16_t port)
{
    (void)backend;
    (void)port;
    ((struct world *)user)->notified++;
}

static void console_write(void *user, const char *bytes, size_t len)
{
    struct world *w = user;
    if (w->console)
        g_string_append_len(w->console, bytes, (gssize)len);
}

static const struct domain_ops ops = {
    .now = clock_now,
    .notify = notify,
    .console_write = console_write,
};

/* --- making ----------------------------------------------------------------------------- */

static bool bad(GError **error, const char *what, uint32_t got, uint32_t most)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s: %u; 1 to %u are possible", what, got, most);
    return false;
}

static bool check(struct world_setup *s, GError **error)
{
    s->nr_pages = s->nr_pages ? s->nr_pages : DEFAULT_PAGES;
    s->max_pages = MAX(s->max_pages, s->nr_pages);
    s->nr_vcpus = MAX(s->nr_vcpus, 1u);
    if (s->nr_vcpus > s->abi->max_vcpus)
        return bad(error, "vcpus", s->nr_vcpus, s->abi->max_vcpus);
    if (!s->own_tables && s->nr_pages < 2 * WORLD_FREE_PFN)
        return bad(error, "pages of memory below the least of 64", s->nr_pages, WORLD_MAX_PAGES);
    if (!s->own_tables && s->nr_pages > WORLD_MAX_PAGES)
        return bad(error, "pages of memory that the first tables map", s->nr_pages, WORLD_MAX_PAGES);
    if (s->own_tables && s->cr3 >= s->nr_pages)
        return bad(error, "cr3, a page", s->cr3, s->nr_pages - 1);
    if (!s->own_tables) {
        s->console = s->console ? s->console : WORLD_CONSOLE_PFN;
        s->store = s->store ? s->store : WORLD_STORE_PFN;
    }
    if (s->console >= s->nr_pages || s->store >= s->nr_pages)
        return bad(error, "page of console or xenstore", MAX(s->console, s->store), s->nr_pages - 1);
    return true;
}

static void connect_backends(struct world *w)
{
    struct domain *d = w->d;
    if (w->abi->abi == RING1_ABI_XEN_2_0)
        boot_connect_control(d);
    else
        boot_connect_backends(d, MFN(w->setup.store ? w->p2m[w->setup.store] : 0),
                              MFN(w->setup.console ? w->p2m[w->setup.console] : 0));
}

static void first_vcpu(struct world *w)
{
    struct vcpu *v = &w->d->s.vcpu[0];
    uint32_t stack = WORLD_BASE + WORLD_FREE_PFN * RING1_PAGE_SIZE;
    v->regs = regs_at_start(w->abi, WORLD_BASE, stack);
    v->kernel_ss = w->abi->kernel_ds;
    v->kernel_sp = stack;
}

static bool make(struct world *w, GError **error)
{
    struct frame_plan plan;
    struct world_setup *s = &w->setup;
    if (!check(s, error) || !frames_plan(w->abi, s->nr_pages, s->max_pages, s->mfn_mode, &plan, error))
        return false;
    if (!(w->mem = memory_new(plan.nr_frames))) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%u pages of memory: %s", plan.nr_frames,
                    g_strerror(errno));
        return false;
    }
    w->d = domain_new(w->abi, w->mem, &ops, w);
    w->d->s.nr_vcpus = s->nr_vcpus;
    w->d->s.vm_assist = s->vm_assist;
    w->d->s.nr_pages = w->d->s.tot_pages = s->nr_pages;
    w->d->s.max_pages = s->max_pages;
    w->p2m = frames_hand_out(w->d, &plan, s->mfn_seed, s->nr_pages);
    w->pages = g_malloc0(s->nr_pages);
    w->arena = GVA(s->own_tables ? s->arena : WORLD_BASE + WORLD_ARENA_PFN * RING1_PAGE_SIZE);
    connect_backends(w);
    boot_shared_info(w->d);
    boot_gdt_page(w->d);
    first_vcpu(w);
    return true;
}

struct world *world_new(const struct world_setup *setup, GError **error)
{
    struct world *w = g_new0(struct world, 1);
    w->setup = *setup;
    w->abi = setup->abi;
    if (make(w, error))
        return w;
    world_free(w);
    return NULL;
}

void world_free(struct world *w)
{
    if (!w)
        return;
    world_start_free(w->start);
    domain_free(w->d);
    memory_free(w->mem);
    if (w->console)
        g_string_free(w->console, TRUE);
    g_free(w->p2m);
    g_free(w->pages);
    g_free(w);
}

/* --- the first tables --------------------------------------------------------------------- */

uint32_t world_first_table(const struct world *w)
{
    return first_tables_pfn(w->abi, w->setup.nr_pages);
}

/* D of the arena's pages, which a guest that makes calls has long written to: no call is the first
 * that sets it, and the tables stay as they are. */
static void write_to_arena(struct world *w)
{
    struct walk walk;
    for (unsigned i = 0; i < WORLD_ARENA_PAGES; i++)
        guest_walk(&w->d->s.vcpu[0], GVA(w->arena.va + i * RING1_PAGE_SIZE), ACCESS_WRITE, false, true,
                   &walk);
}

bool world_start(struct world *w, GError **error)
{
    struct domain *d = w->d;
    mfn_t root;
    if (w->setup.own_tables)
        root = MFN(w->p2m[w->setup.cr3]);
    else
        root = first_tables(d, WORLD_BASE, w->p2m, w->pages, w->setup.nr_pages);
    d->want_why = true;
    bool ok = page_pin(d, root, root_type(w->abi)) == 0 && page_take_cr3(d, root) == 0;
    if (!ok) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "the first page tables were refused: %s", d->why);
        return false;
    }
    d->why[0] = '\0';
    d->s.vcpu[0].cr3 = root;
    if (w->abi->abi != RING1_ABI_XEN_2_0 && !grant_init(d)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "no frames are left for the grant table");
        return false;
    }
    if (!w->setup.own_tables)
        write_to_arena(w);
    time_init(d);
    preempt_set_mode(d, w->setup.preempt, w->setup.preempt_seed);
    d->s.attention = 0;
    w->next_timer = timers_next(d);
    w->start = world_start_save(w);
    return true;
}

/* --- time ----------------------------------------------------------------------------------- */

/* What Xen does before a guest's next instruction. */
static void settle(struct world *w, struct vcpu *v)
{
    struct domain *d = w->d;
    if (G_UNLIKELY(d->s.attention & ATTN_TIMER))
        w->next_timer = timers_next(d);
    while (G_UNLIKELY(w->next_timer <= w->now)) {
        timers_run(d);
        uint64_t next = timers_next(d);
        if (next <= w->now && next <= w->next_timer)
            break;
        w->next_timer = next;
    }
    if (G_UNLIKELY(vcpu_event_deliverable(v))) {
        vcpu_info(v)[0] = 0;
        frame_changed(d, v->info_mfn);
    }
    d->s.attention = 0;
}

static void pass(struct world *w, struct vcpu *v, uint64_t ns)
{
    uint64_t end = w->now + ns < w->now ? UINT64_MAX : w->now + ns;
    /* Not more stops than a busy guest's: a timer may have any period. */
    for (unsigned i = 0; i < 4096 && w->next_timer < end && !world_ended(w); i++) {
        w->now = MAX(w->now, w->next_timer);
        settle(w, v);
    }
    w->now = end;
    settle(w, v);
    time_update(v);
}

void world_pass(struct world *w, uint64_t ns)
{
    pass(w, run_queue_current(w->d), ns);
}

/* --- calls ------------------------------------------------------------------------------------ */

bool world_switch(struct world *w, unsigned vcpu)
{
    struct domain *d = w->d;
    struct vcpu *v = &d->s.vcpu[vcpu];
    if (vcpu >= d->s.nr_vcpus || world_ended(w))
        return false;
    for (unsigned i = 0; i < 4096 && !vcpu_wake_check(v); i++) {
        if (v->run != VCPU_BLOCKED && v->run != VCPU_POLLING)
            return false;
        uint64_t next = timers_next(d);
        if (next == NO_DEADLINE)
            return false;
        w->now = MAX(w->now, next);
        timers_run(d);
        if (world_ended(w))
            return false;
    }
    if (v->run != VCPU_RUNNING)
        return false;
    if (d->s.queue.current != vcpu)
        run_queue_give(d, v);
    v->yielded = false;
    settle(w, v);
    return true;
}

static int32_t go_on(struct world *w, struct vcpu *v, uint32_t nr)
{
    struct domain *d = w->d;
    int32_t result = (int32_t)nr;
    while (d->s.preempt.continued && !world_ended(w)) {
        uint32_t arg[MAX_HYPERCALL_ARGS] = {v->regs.ebx, v->regs.ecx, v->regs.edx, v->regs.esi, v->regs.edi};
        v->regs.eip += 2;
        v->regs.eax = (uint32_t)result;
        w->now += preempt_begin(d) * (uint64_t)WORK_NS;
        settle(w, v);
        result = hypercall_enter(v, (uint32_t)result, arg);
    }
    return result;
}

int32_t world_call(struct world *w, uint32_t nr, const uint32_t *arg)
{
    struct domain *d = w->d;
    struct vcpu *v = run_queue_current(d);
    struct regs *r = &v->regs;
    r->eax = nr;
    r->ebx = arg[0];
    r->ecx = arg[1];
    r->edx = arg[2];
    r->esi = arg[3];
    r->edi = arg[4];
    d->why[0] = '\0';
    w->now += CALL_NS;
    int32_t result = hypercall_enter(v, nr, arg);
    if (G_UNLIKELY(d->s.preempt.continued))
        result = go_on(w, v, (uint32_t)result);
    w->now += preempt_begin(d) * (uint64_t)WORK_NS;
    r->eax = (uint32_t)result;
    settle(w, v);
    return result;
}

/* --- memory ----------------------------------------------------------------------------------- */

bool world_poke(struct world *w, gva_t va, const void *bytes, uint32_t len)
{
    struct vcpu *v = run_queue_current(w->d);
    const uint8_t *from = bytes;
    while (len > 0) {
        uint32_t offset = va.va % RING1_PAGE_SIZE, part = MIN(len, RING1_PAGE_SIZE - offset);
        struct walk walk;
        if (va.va >= w->abi->hole || guest_walk(v, va, ACCESS_READ, false, false, &walk) != WALK_OK ||
            !frame_exists(w->mem, walk.mfn))
            return false;
        memcpy((uint8_t *)frame_ptr(w->mem, walk.mfn) + offset, from, part);
        frame_changed(w->d, walk.mfn);
        va.va += part;
        from += part;
        len -= part;
    }
    return true;
}

bool world_store(struct world *w, gva_t va, const void *bytes, unsigned len)
{
    struct vcpu *v = run_queue_current(w->d);
    w->d->why[0] = '\0';
    w->now += TRAP_NS;
    bool done = pt_write_wanted(v, va) ? pt_emulate_write(v, va, bytes, len, false)
                                       : guest_write(v, va, bytes, len) == 0;
    settle(w, v);
    return done;
}

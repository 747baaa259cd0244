/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * resume.c - see resume.h. What a toolstack does by writing a file and reading it
 * (4.17:tools/libs/guest/xg_sr_save_x86_pv.c, xg_sr_restore_x86_pv.c) is done in place:
 * look at the domain and keep its pages by pfn, make the domain anew, put the pages
 * into their new frames. Nothing is changed before everything was found to be there.
 */
#include "resume.h"

#include "dispatch/grant.h"
#include "dispatch/memory_image.h"
#include "dispatch/page_type.h"
#include "dispatch/run_queue.h"
#include "dispatch/shared.h"
#include "dispatch/timer.h"
#include "frames.h"

#include <string.h>

#define PER_PAGE (RING1_PAGE_SIZE / 4)
#define NO_FRAME UINT32_MAX
#define NO_PFN   UINT32_MAX

/* shared_info, docs/xen-abi.md 4.5. */
#define SI_VCPU_INFO   0u
#define SI_PENDING     2048u
#define SI_MASK        2176u
#define SI_ARCH        2316u
#define SI_ARCH_END    2340u
#define SI_MAX_PFN     2316u
#define SI_FRAME_LISTS 2320u
#define VCPU_INFO_SEL  4u

/* start_info, 4.4. */
#define START_NR_PAGES       32u
#define START_SHARED_INFO    36u
#define START_FLAGS          40u
#define START_STORE_MFN      44u
#define START_STORE_EVTCHN   48u
#define START_CONSOLE_MFN    52u
#define START_CONSOLE_EVTCHN 56u

/* A page of the guest while it has no frame. */
struct page {
    uint8_t *bytes; /* NULL: zeros */
    uint8_t type;
    bool pinned, in_use, xen_slots;
    bool special; /* wants a frame below 4 GiB */
};

struct resume {
    struct machine *m;
    struct domain *d;
    uint32_t max_pfn;
    uint32_t *p2m;      /* the old frame of each pfn, NO_FRAME: a hole */
    uint32_t *pfn_of;   /* of each old frame */
    uint32_t *list_pfn; /* of each page of the guest's p2m */
    struct page *page;
    uint32_t start_info, store, console; /* pfns */
    uint32_t *frame;                     /* the new one of each pfn */
    struct domain_state *old;
    uint8_t old_shared_info[RING1_PAGE_SIZE];
};

static bool bad(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool bad(GError **error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the guest cannot be resumed: %s", text);
    return false;
}

/* --- looking ---------------------------------------------------------------------- */

static const uint8_t *guest_page(const struct resume *r, uint32_t mfn)
{
    const struct memory *mem = r->d->mem;
    const struct frame *f = frame_exists(mem, MFN(mfn)) ? frame_info(mem, MFN(mfn)) : NULL;
    bool own = f && f->owner == r->d->s.domid && (f->flags & PGF_ALLOCATED) && !(f->flags & PGF_SHARED);
    return own ? frame_ptr(mem, MFN(mfn)) : NULL;
}

static uint32_t word(const uint8_t *page, uint32_t i)
{
    return load32(page + (i % PER_PAGE) * 4);
}

/* The page of the guest's p2m with the frames of pfns from i * 1024 on, through the
 * lists that shared_info names. */
static const uint8_t *p2m_page(const struct resume *r, uint32_t i, uint32_t *mfn)
{
    const uint8_t *lists = guest_page(r, load32(r->old_shared_info + SI_FRAME_LISTS));
    const uint8_t *list = lists ? guest_page(r, word(lists, i / PER_PAGE)) : NULL;
    *mfn = list ? word(list, i) : NO_FRAME;
    return list ? guest_page(r, *mfn) : NULL;
}

static bool read_p2m(struct resume *r, GError **error)
{
    struct domain *d = r->d;
    r->max_pfn = load32(r->old_shared_info + SI_MAX_PFN);
    if (r->max_pfn == 0 || r->max_pfn > 1u << 20)
        return bad(error, "shared_info.arch.max_pfn is %u", r->max_pfn);
    uint32_t pages = (r->max_pfn + PER_PAGE - 1) / PER_PAGE;
    r->p2m = g_new(uint32_t, r->max_pfn);
    r->pfn_of = g_new(uint32_t, d->mem->nr_frames);
    r->list_pfn = g_new(uint32_t, pages);
    r->page = g_new0(struct page, r->max_pfn);
    memset(r->p2m, 0xFF, r->max_pfn * sizeof *r->p2m);
    memset(r->pfn_of, 0xFF, d->mem->nr_frames * sizeof *r->pfn_of);
    for (uint32_t i = 0; i < pages; i++) {
        const uint8_t *page = p2m_page(r, i, &r->list_pfn[i]);
        if (!page)
            return bad(error,
                       "page %u of its p2m is not to be found by way of "
                       "shared_info.arch.pfn_to_mfn_frame_list_list",
                       i);
        for (uint32_t pfn = i * PER_PAGE; pfn < MIN(r->max_pfn, (i + 1) * PER_PAGE); pfn++) {
            uint32_t mfn = word(page, pfn);
            if (!guest_page(r, mfn) || r->pfn_of[mfn] != NO_PFN)
                continue;
            r->p2m[pfn] = mfn;
            r->pfn_of[mfn] = pfn;
        }
    }
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t pfn = r->pfn_of[r->list_pfn[i]];
        if (pfn == NO_PFN)
            return bad(error, "page %u of its p2m is not in its p2m", i);
        r->list_pfn[i] = pfn;
    }
    return true;
}

/* A pfn that start_info holds in the place of a frame while the guest sleeps. */
static bool take_pfn(struct resume *r, uint32_t pfn, const char *what, uint32_t *out, GError **error)
{
    if (pfn >= r->max_pfn || r->p2m[pfn] == NO_FRAME)
        return bad(error, "start_info's %s is %#x, which is none of its pfns", what, pfn);
    *out = pfn;
    r->page[pfn].special = true;
    return true;
}

static bool read_start_info(struct resume *r, GError **error)
{
    uint32_t mfn = vcpu_regs(&r->d->s.vcpu[0])->edx;
    const uint8_t *si = guest_page(r, mfn);
    if (!si || r->pfn_of[mfn] == NO_PFN)
        return bad(error, "EDX, %#x, is not the frame of its start_info", mfn);
    return take_pfn(r, r->pfn_of[mfn], "own place", &r->start_info, error) &&
           take_pfn(r, load32(si + START_STORE_MFN), "store_mfn", &r->store, error) &&
           take_pfn(r, load32(si + START_CONSOLE_MFN), "console.domU.mfn", &r->console, error);
}

static bool check_vcpus(const struct resume *r, GError **error)
{
    for (unsigned i = 0; i < r->d->s.nr_vcpus; i++) {
        const struct vcpu *v = &r->d->s.vcpu[i];
        if (v->run == VCPU_DOWN)
            continue;
        if (r->pfn_of[v->cr3.mfn] == NO_PFN)
            return bad(error, "the page table of vcpu %u, frame %#x, is not in its p2m", i, v->cr3.mfn);
        for (unsigned n = 0; n * 512 < v->gdt_entries; n++)
            if (r->pfn_of[v->gdt[n].mfn] == NO_PFN)
                return bad(error, "frame %u of the GDT of vcpu %u is not in its p2m", n, i);
    }
    return true;
}

static void keep_pages(struct resume *r)
{
    const struct memory *mem = r->d->mem;
    for (uint32_t pfn = 0; pfn < r->max_pfn; pfn++) {
        uint32_t mfn = r->p2m[pfn];
        struct page *p = &r->page[pfn];
        if (mfn == NO_FRAME)
            continue;
        const struct frame *f = &mem->frames[mfn];
        p->type = f->type;
        p->in_use = f->type_count != 0;
        p->pinned = f->flags & PGF_PINNED;
        p->xen_slots = r->d->abi->levels == 2 || (f->flags & PGF_PAE_XEN_L2);
        p->special |= is_table(f->type);
        if (memory_may_differ_from_zero(mem, MFN(mfn)))
            p->bytes = g_memdup2(frame_ptr(mem, MFN(mfn)), RING1_PAGE_SIZE);
    }
}

/* --- making anew --------------------------------------------------------------------- */

static void wipe_machine(struct resume *r)
{
    struct memory *mem = r->d->mem;
    for (uint32_t i = 0; i < mem->nr_frames; i++) {
        bool wipe = memory_may_differ_from_zero(mem, MFN(i));
        if (wipe)
            memset(frame_ptr(mem, MFN(i)), 0, RING1_PAGE_SIZE);
        mem->marks[i] = 0;
        if (wipe)
            frame_dirty(mem, MFN(i));
    }
}

/* What a saved vcpu has: docs/xen-abi.md 8.24's context. */
static void keep_vcpu(struct vcpu *v, const struct vcpu *old)
{
    v->initialised = true;
    v->run = VCPU_RUNNING;
    v->regs = old->regs;
    v->regs_loaded = old->regs_loaded;
    v->regs_changed = old->regs_changed;
    v->cr2 = old->cr2;
    v->ts = old->ts;
    v->cr4 = old->cr4;
    memcpy(v->dr, old->dr, sizeof v->dr);
    v->kernel_ss = old->kernel_ss;
    v->kernel_sp = old->kernel_sp;
    memcpy(v->traps, old->traps, sizeof v->traps);
    v->event_callback = old->event_callback;
    v->failsafe_callback = old->failsafe_callback;
    v->fpu_given = old->fpu_given;
    memcpy(v->fpu, old->fpu, sizeof v->fpu);
    v->gdt_entries = old->gdt_entries;
    v->ldt_base = old->ldt_base;
    v->ldt_entries = old->ldt_entries;
}

static void renew_state(struct resume *r)
{
    struct domain *d = r->d;
    const struct domain_state *old = r->old;
    struct domain *fresh = domain_new(d->abi, d->mem, d->ops, d->ops_user);
    d->s = fresh->s;
    domain_free(fresh);
    domain_restored(d);
    d->s.domid = old->domid;
    d->s.nr_pages = old->nr_pages;
    d->s.max_pages = old->max_pages;
    d->s.vm_assist = old->vm_assist;
    d->s.nr_vcpus = old->nr_vcpus;
    d->s.shared_info = old->shared_info; /* to be told from the new one */
    d->s.wallclock_ns = old->wallclock_ns;
    d->s.preempt = old->preempt;
    d->s.queue = old->queue;
    d->s.translation_generation = old->translation_generation + 1;
    d->s.nr_exceptions = old->nr_exceptions;
    memcpy(d->s.exception, old->exception, sizeof d->s.exception);
    d->s.nr_entries = old->nr_entries;
    memcpy(d->s.entry, old->entry, sizeof d->s.entry);
    for (unsigned i = 0; i < old->nr_vcpus; i++) {
        if (old->vcpu[i].run != VCPU_DOWN)
            keep_vcpu(&d->s.vcpu[i], &old->vcpu[i]);
        else
            d->s.vcpu[i].run = VCPU_DOWN;
    }
}

/* Frames for all pages, those with a reason to lie low first. */
static bool deal_frames(struct resume *r, uint64_t seed, GError **error)
{
    struct domain *d = r->d;
    struct frame_plan plan;
    if (!frames_plan(d->abi, d->s.nr_pages, d->s.max_pages, r->m->mfn_mode, &plan, error))
        return false;
    g_autofree uint32_t *order = g_new(uint32_t, r->max_pfn);
    bool shuffled = frames_are_drawn(r->m->mfn_mode);
    uint32_t nr = 0, low = 0;
    for (int special = shuffled; special >= 0; special--) {
        for (uint32_t pfn = 0; pfn < r->max_pfn; pfn++)
            if (r->p2m[pfn] != NO_FRAME && (!shuffled || r->page[pfn].special == special))
                order[nr++] = pfn;
        low = special ? nr : low;
    }
    g_autofree uint32_t *ram = frames_deal(d, &plan, seed, low, order, nr);
    r->frame = g_new(uint32_t, r->max_pfn);
    memset(r->frame, 0xFF, r->max_pfn * sizeof *r->frame);
    for (uint32_t i = 0; i < nr; i++)
        r->frame[order[i]] = ram[i];
    d->s.tot_pages = nr;
    return true;
}

static uint32_t new_frame(const struct resume *r, mfn_t old)
{
    uint32_t pfn = old.mfn < r->d->mem->nr_frames ? r->pfn_of[old.mfn] : NO_PFN;
    return pfn == NO_PFN ? NO_FRAME : r->frame[pfn];
}

/* Entries name new frames. What named none of the guest's own (shared_info, grants) is
 * gone; in a table that is none any more, it may be something else and stays. */
static void rewrite_table(const struct resume *r, uint32_t pfn)
{
    struct domain *d = r->d;
    const struct page *p = &r->page[pfn];
    mfn_t table = MFN(r->frame[pfn]);
    unsigned slots = d->abi->ptes_per_page;
    if (p->type == PGT_l2_table && p->xen_slots)
        slots = pt_index(d->abi, GVA(d->abi->hole), 2);
    for (unsigned i = 0; i < d->abi->ptes_per_page; i++) {
        uint64_t e = pte_read(d, table, i);
        uint32_t mfn = new_frame(r, pte_mfn(e));
        if (i >= slots || ((e & PTE_P) && mfn == NO_FRAME && p->in_use))
            pte_write(d, table, i, 0);
        else if ((e & PTE_P) && mfn != NO_FRAME)
            pte_write(d, table, i, (e & ~PTE_FRAME) | (uint64_t)mfn << RING1_PAGE_SHIFT);
    }
}

static void place_pages(struct resume *r)
{
    struct domain *d = r->d;
    for (uint32_t pfn = 0; pfn < r->max_pfn; pfn++) {
        const struct page *p = &r->page[pfn];
        if (r->frame[pfn] == NO_FRAME || !p->bytes)
            continue;
        memcpy(frame_ptr(d->mem, MFN(r->frame[pfn])), p->bytes, RING1_PAGE_SIZE);
        frame_changed(d, MFN(r->frame[pfn]));
        if (is_table(p->type))
            rewrite_table(r, pfn);
    }
    for (uint32_t pfn = 0; pfn < r->max_pfn; pfn++) {
        mfn_t list = MFN(r->frame[r->list_pfn[pfn / PER_PAGE]]);
        store32((uint8_t *)frame_ptr(d->mem, list) + (pfn % PER_PAGE) * 4, r->frame[pfn]);
        frame_changed(d, list);
    }
}

static void write_start_info(struct resume *r)
{
    struct domain *d = r->d;
    mfn_t mfn = MFN(r->frame[r->start_info]);
    uint8_t *si = frame_ptr(d->mem, mfn);
    store32(si + START_NR_PAGES, r->max_pfn);
    store32(si + START_SHARED_INFO, d->s.shared_info.mfn << RING1_PAGE_SHIFT);
    store32(si + START_FLAGS, 0);
    store32(si + START_STORE_MFN, d->s.store_mfn.mfn);
    store32(si + START_STORE_EVTCHN, d->s.store_port);
    store32(si + START_CONSOLE_MFN, d->s.console_mfn.mfn);
    store32(si + START_CONSOLE_EVTCHN, d->s.console_port);
    frame_changed(d, mfn);
    vcpu_regs_mut(&d->s.vcpu[0])->edx = mfn.mfn;
}

/* 4.17's libxc takes vcpu_info and arch from the old page, and masks all events;
 * older ones take the whole page. */
static void write_shared_info(struct resume *r)
{
    struct domain *d = r->d;
    uint8_t *si = shared_info(d);
    const uint8_t *old = r->old_shared_info;
    if (d->abi->xen >= RING1_XEN_4_17) {
        memcpy(si + SI_VCPU_INFO, old + SI_VCPU_INFO, MAX_VCPUS * VCPU_INFO_SIZE);
        memcpy(si + SI_ARCH, old + SI_ARCH, SI_ARCH_END - SI_ARCH);
        store32(si + SI_FRAME_LISTS, 0);
        memset(si + SI_MASK, 0xFF, NR_EVTCHNS / 8);
    } else {
        memcpy(si, old, RING1_PAGE_SIZE);
    }
    memset(si + SI_PENDING, 0, NR_EVTCHNS / 8);
    for (unsigned i = 0; i < MAX_VCPUS; i++)
        store32(si + i * VCPU_INFO_SIZE + VCPU_INFO_SEL, 0);
    frame_changed(d, d->s.shared_info);
}

/* Pins, top-level tables and GDTs as they were. */
static bool take_types(struct resume *r)
{
    struct domain *d = r->d;
    for (uint32_t pfn = 0; pfn < r->max_pfn; pfn++)
        if (r->page[pfn].pinned && page_pin(d, MFN(r->frame[pfn]), (enum page_type)r->page[pfn].type))
            return false;
    for (unsigned i = 0; i < d->s.nr_vcpus; i++) {
        struct vcpu *v = &d->s.vcpu[i];
        const struct vcpu *old = &r->old->vcpu[i];
        if (v->run == VCPU_DOWN)
            continue;
        v->cr3 = MFN(new_frame(r, old->cr3));
        if (page_take_cr3(d, v->cr3)) {
            v->cr3 = MFN(0);
            return false;
        }
        for (unsigned n = 0; n * 512 < v->gdt_entries; n++) {
            v->gdt[n] = MFN(new_frame(r, old->gdt[n]));
            if (page_get_and_type(d, v->gdt[n], PGT_seg_desc)) {
                v->gdt_entries = n * 512;
                return false;
            }
        }
    }
    return true;
}

static bool make_anew(struct resume *r, uint64_t seed, GError **error)
{
    struct machine *m = r->m;
    struct domain *d = r->d;
    wipe_machine(r);
    renew_state(r);
    if (!deal_frames(r, seed, error))
        return false;
    boot_gdt_page(d);
    boot_vcpu_infos(d);
    boot_connect_backends(d, MFN(r->frame[r->store]), MFN(r->frame[r->console]));
    place_pages(r);
    write_shared_info(r);
    write_start_info(r);
    time_init(d);
    grant_init(d);
    if (!take_types(r)) {
        domain_crash(d, "the page tables of the resumed domain are refused: %s", d->why);
        return bad(error, "%s", d->s.crash_text);
    }
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        run_queue_changed(&d->s.vcpu[i]);
    d->s.forget_nr = G_N_ELEMENTS(d->s.forget) + 1; /* no frame holds what it held */
    d->s.attention |= ATTN_FLUSH | ATTN_FORGET | ATTN_REGS | ATTN_GDT | ATTN_TIMER | ATTN_TS | ATTN_DEBUG;
    idle_reset(m);
    machine_disturb(m);
    return true;
}

static void resume_clear(struct resume *r)
{
    for (uint32_t pfn = 0; r->page && pfn < r->max_pfn; pfn++)
        g_free(r->page[pfn].bytes);
    g_free(r->page);
    g_free(r->p2m);
    g_free(r->pfn_of);
    g_free(r->list_pfn);
    g_free(r->frame);
    g_free(r->old);
}

/* --- both ways ---------------------------------------------------------------------------- */

#define SHUTDOWN_suspend 2u

static bool is_suspended(const struct machine *m, GError **error)
{
    const struct domain_state *s = &m->domain->s;
    if (s->shutdown == SHUTDOWN_suspend && !s->crashed)
        return true;
    return bad(error, "it has not shut down to be suspended");
}

bool machine_resume(struct machine *m, uint64_t seed, GError **error)
{
    struct resume r = {.m = m, .d = m->domain};
    if (!is_suspended(m, error))
        return false;
    if (m->abi->xen == RING1_XEN_2_0)
        return bad(error, "Xen 2.0's way to suspend is not served");
    memcpy(r.old_shared_info, shared_info(r.d), RING1_PAGE_SIZE);
    bool ok = read_p2m(&r, error) && read_start_info(&r, error) && check_vcpus(&r, error);
    if (ok) {
        /* Those that have the CPU's registers give them back. */
        for (unsigned i = 0; i < r.d->s.nr_vcpus; i++)
            vcpu_regs(&r.d->s.vcpu[i]);
        if (m->ops->let_go)
            m->ops->let_go(m->ops_user);
        keep_pages(&r);
        r.old = g_memdup2(&r.d->s, sizeof r.d->s);
        ok = make_anew(&r, seed, error);
    }
    resume_clear(&r);
    return ok;
}

bool machine_resume_cancelled(struct machine *m, GError **error)
{
    struct domain_state *s = &m->domain->s;
    if (!is_suspended(m, error))
        return false;
    s->shutdown = SHUTDOWN_NONE;
    s->shutdown_code = 0;
    vcpu_regs_mut(&s->vcpu[0])->eax = 1;
    idle_reset(m);
    machine_disturb(m);
    return true;
}

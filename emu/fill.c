/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fill.c - answers to the CPU's TLB misses: the guest's tables by the one
 * walker, and the hidden things at the hole's end.
 *
 * Permissions follow from two marks of the frame, so that the engine sees every
 * store into code (docs/cpu-engine.md): a frame is given for writing or for
 * executing, and one that is both is given with all rights, when the engine
 * checks each store against its translations. A frame that was written and is
 * to be executed for the first time is refused once: machine_trap has the TLB
 * emptied first.
 *
 * A store that is checked costs ten times a plain one. So the code of a frame is
 * forgotten when it is written and was not looked up for a while: kernels give
 * frames another use. Where code and data share a frame that would be for nothing:
 * after a few times it is left. An instruction that stores into its own frame
 * through a mapping with NX is one step, for which NX does not count.
 */
#include "machine.h"
#include "segments.h"
#include "stops_priv.h"
#include "table_store.h"

/* Image of the GDT: the guest's pages, Xen's own, and zeroes (docs/xen-abi.md
 * 4.3). The CPU sets accessed bits in descriptors. */
static bool fill_gdt(const struct machine *m, unsigned page, mfn_t *mfn)
{
    const struct vcpu *v = m->current;
    unsigned reserved = m->abi->first_reserved_gdt / 512;
    bool xens = reserved ? page == reserved : page == 0 && v->gdt_entries == 0;
    if (xens)
        *mfn = m->domain->s.gdt_reserved;
    else if (page < MAX_GDT_FRAMES && page * 512u < v->gdt_entries)
        *mfn = v->gdt[page];
    else
        return false;
    return true;
}

/* What lies beyond the guest's reach: images of the GDT and the LDT. A page of
 * the LDT is typed on its first use: machine_trap. */
static bool fill_hidden(struct machine *m, uint32_t va, enum access access, struct cpu_mapping *out)
{
    const struct vcpu *v = m->current;
    unsigned page = (va >> RING1_PAGE_SHIFT) & 15u;
    mfn_t mfn = m->mem->zero;
    if (va >= HIDDEN_WINDOW) {
        *out = (struct cpu_mapping){.mfn = cpu_window(m->cpu), .execute = true};
        return true;
    }
    if (va >= HIDDEN_STUB) { /* the TSS: no task to go back to */
        *out = (struct cpu_mapping){.mfn = mfn};
        return access == ACCESS_READ;
    }
    bool ldt = va >= HIDDEN_LDT_OF(v->id);
    if (ldt && v->ldt[page].mfn == 0)
        return false;
    bool real = ldt || fill_gdt(m, page, &mfn);
    if (ldt)
        mfn = v->ldt[page];
    if (G_UNLIKELY(m->segment_limits) && !m->step.armed &&
        segments_page_matters(m->abi, frame_ptr(m->mem, mfn)))
        return false; /* the load is to be one step */
    *out = (struct cpu_mapping){.mfn = mfn, .write = real};
    if (real) {
        m->mem->marks[mfn.mfn] |= MARK_WRITTEN;
        frame_dirty(m->mem, mfn);
    }
    return true;
}

static bool is_hidden(const struct machine *m, uint32_t va)
{
    return va - HIDDEN_GDT_OF(m->current->id) < HIDDEN_IMAGES || (va >= HIDDEN_STUB && va < HIDDEN_END);
}

/* Flushes of the TLB in an epoch, and how often a frame's code is forgotten for
 * being cold. */
#define EPOCH_FLUSHES 64u
#define COOLED_MAX    7u

static unsigned epoch(const struct machine *m)
{
    return m->flushes / EPOCH_FLUSHES;
}

void fill_mark_executed(const struct machine *m, uint8_t *mark)
{
    *mark = (uint8_t)((*mark & ~MARK_EPOCH) | MARK_EXECUTED | (epoch(m) << 3 & MARK_EPOCH));
}

void fill_forget(struct machine *m, mfn_t mfn)
{
    uint8_t *mark = &m->mem->marks[mfn.mfn];
    cpu_forget_code(m->cpu, mfn);
    if (*mark >> 5 < COOLED_MAX)
        *mark += 1u << 5;
    *mark &= (uint8_t)~MARK_EXECUTED;
}

/* The epoch's number is kept modulo 4: at times a cold frame is taken for warm. */
static bool cold(const struct machine *m, uint8_t mark)
{
    return (epoch(m) - (mark >> 3)) % 4 >= 2 && mark >> 5 < COOLED_MAX;
}

static bool fill_execute(const struct machine *m, uint8_t *mark, struct cpu_mapping *out)
{
    if ((*mark & MARK_WRITTEN) && !(*mark & MARK_EXECUTED))
        return false;
    fill_mark_executed(m, mark);
    out->execute = true;
    return true;
}

static bool fill_write(const struct machine *m, uint8_t *mark, const struct walk *w, struct cpu_mapping *out)
{
    if (G_UNLIKELY((*mark & MARK_EXECUTED) && (!w->executable || cold(m, *mark)) && !m->step.armed))
        return false; /* all rights would let NX be passed: forget the code first */
    *mark |= MARK_WRITTEN;
    frame_dirty(m->mem, w->mfn);
    out->write = true;
    out->execute = (*mark & MARK_EXECUTED) != 0;
    return true;
}

bool machine_fill(void *machine, uint32_t va, enum access access, bool ring3, struct cpu_mapping *out)
{
    struct machine *m = machine;
    struct walk w;
    if (G_UNLIKELY(is_hidden(m, va)))
        return fill_hidden(m, va, access, out);
    if (G_UNLIKELY(table_store_fill(m, va, out)))
        return true;
    bool watched = G_UNLIKELY(m->stops) && stops_watches(m);
    if (watched)
        stops_note_watched(m, m->current);
    if (guest_walk(m->current, GVA(va), access, ring3, true, &w) != WALK_OK)
        return false;
    if (G_UNLIKELY(idle_watches(m, w.mfn)))
        return false;
    uint8_t *mark = &m->mem->marks[w.mfn.mfn];
    if (G_UNLIKELY(m->breakpoints.nr) && step_withholds(m, va, access, *mark & MARK_EXECUTED))
        return false;
    if (watched && (stops_walked(m) || stops_withholds(m, va, access)))
        return false;
    *out = (struct cpu_mapping){.mfn = w.mfn};
    tlb_filter_add(&m->tlb, w.entry);
    if (access == ACCESS_FETCH)
        return fill_execute(m, mark, out);
    if (access == ACCESS_WRITE)
        return fill_write(m, mark, &w, out);
    return true;
}

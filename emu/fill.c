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
 */
#include "machine.h"
#include "segments.h"
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
    unsigned page = ((va - HIDDEN_GDT) >> RING1_PAGE_SHIFT) & 15u;
    mfn_t mfn = m->mem->zero;
    if (va >= HIDDEN_WINDOW) {
        *out = (struct cpu_mapping){.mfn = cpu_window(m->cpu), .execute = true};
        return true;
    }
    if (va >= HIDDEN_STUB) { /* the TSS: no task to go back to */
        *out = (struct cpu_mapping){.mfn = mfn};
        return access == ACCESS_READ;
    }
    if (va >= HIDDEN_LDT && v->ldt[page].mfn == 0)
        return false;
    bool real = va >= HIDDEN_LDT || fill_gdt(m, page, &mfn);
    if (va >= HIDDEN_LDT)
        mfn = v->ldt[page];
    if (G_UNLIKELY(m->segment_limits) && !m->step.armed &&
        segments_page_matters(m->abi, frame_ptr(m->mem, mfn)))
        return false; /* the load is to be one step */
    *out = (struct cpu_mapping){.mfn = mfn, .write = real};
    if (real)
        m->mem->marks[mfn.mfn] |= MARK_DIRTY | MARK_WRITTEN;
    return true;
}

static bool fill_execute(uint8_t *mark, struct cpu_mapping *out)
{
    if ((*mark & MARK_WRITTEN) && !(*mark & MARK_EXECUTED))
        return false;
    *mark |= MARK_EXECUTED;
    out->execute = true;
    return true;
}

static bool fill_write(uint8_t *mark, const struct walk *w, struct cpu_mapping *out)
{
    if ((*mark & MARK_EXECUTED) && !w->executable)
        return false; /* all rights would let NX be passed: forget the code first */
    *mark |= MARK_WRITTEN | MARK_DIRTY;
    out->write = true;
    out->execute = (*mark & MARK_EXECUTED) != 0;
    return true;
}

bool machine_fill(void *machine, uint32_t va, enum access access, bool ring3, struct cpu_mapping *out)
{
    struct machine *m = machine;
    struct walk w;
    if (G_UNLIKELY(va >= HIDDEN_GDT && va < HIDDEN_END))
        return fill_hidden(m, va, access, out);
    if (G_UNLIKELY(table_store_fill(m, va, out)))
        return true;
    if (guest_walk(m->current, GVA(va), access, ring3, true, &w) != WALK_OK)
        return false;
    if (G_UNLIKELY(idle_watches(m, w.mfn)))
        return false;
    uint8_t *mark = &m->mem->marks[w.mfn.mfn];
    if (G_UNLIKELY(m->breakpoints.nr) && step_withholds(m, va, access, *mark & MARK_EXECUTED))
        return false;
    *out = (struct cpu_mapping){.mfn = w.mfn};
    tlb_filter_add(&m->tlb, w.entry);
    if (access == ACCESS_FETCH)
        return fill_execute(mark, out);
    if (access == ACCESS_WRITE)
        return fill_write(mark, &w, out);
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report_memory.c - a report's look at guest memory: frames, and the page tables
 * level by level. Whether an access is allowed is the one walker's answer; this
 * file only shows the way there.
 */
#include "report.h"

#include "dispatch/traps.h"

#include <string.h>

uint32_t report_peek(struct vcpu *v, uint32_t va, void *to, uint32_t len)
{
    uint32_t done = 0;
    while (done < len) {
        uint32_t at = va + done, offset = at & (RING1_PAGE_SIZE - 1);
        uint32_t n = MIN(len - done, RING1_PAGE_SIZE - offset);
        struct walk w;
        if (at < va || guest_walk(v, GVA(at), ACCESS_READ, false, false, &w) != WALK_OK)
            break;
        memcpy((uint8_t *)to + done, (const uint8_t *)frame_ptr(v->domain->mem, w.mfn) + offset, n);
        done += n;
    }
    return done;
}

struct report_frame report_frame(const struct domain *d, mfn_t mfn)
{
    struct report_frame f = {.mfn = mfn.mfn, .pfn = M2P_INVALID, .exists = frame_exists(d->mem, mfn)};
    if (!f.exists)
        return f;
    f.info = *frame_info(d->mem, mfn);
    if (f.info.owner == d->s.domid && mfn.mfn / (RING1_PAGE_SIZE / 4) < d->mem->m2p_frames)
        f.pfn = m2p_get(d->mem, mfn);
    if (f.pfn == M2P_FILLER)
        f.pfn = M2P_INVALID;
    return f;
}

/* Which bit, at which level, is in the way of an access that the walker refuses
 * although every level is present. */
static void judge_rights(const struct domain *d, struct report_walk *out)
{
    for (unsigned i = 0; i < out->nr_entries; i++) {
        const struct report_entry *e = &out->entry[i];
        if (e->level == 3)
            continue;
        out->level = e->level;
        if (out->ring3 && !(e->value & PTE_US))
            out->verdict = VERDICT_KERNEL_ONLY;
        else if (out->access == ACCESS_WRITE && !(e->value & PTE_RW))
            out->verdict = VERDICT_READ_ONLY;
        else if (out->access == ACCESS_FETCH && d->abi->levels == 3 && (e->value & PTE_NX))
            out->verdict = VERDICT_NO_EXECUTE;
        else
            continue;
        return;
    }
    out->level = 0;
}

void report_walk(struct vcpu *v, uint32_t va, enum access access, bool ring3, struct report_walk *out)
{
    const struct domain *d = v->domain;
    *out = (struct report_walk){.va = va, .access = access, .ring3 = ring3};
    struct walk w;
    enum walk_result result = guest_walk(v, GVA(va), access, ring3, false, &w);
    if (va >= d->abi->hole) {
        out->verdict = result == WALK_SEGMENT ? VERDICT_SEGMENT
                       : result == WALK_OK    ? VERDICT_OK
                                              : VERDICT_HOLE;
        return;
    }
    mfn_t next = v->cr3;
    for (unsigned level = d->abi->levels; level >= 1; level--) {
        struct report_entry *e = &out->entry[out->nr_entries];
        e->level = level;
        e->index = pt_index(d->abi, GVA(va), level);
        e->table = report_frame(d, next);
        if (!e->table.exists) {
            out->verdict = VERDICT_NO_SUCH_FRAME;
            out->level = MIN(level + 1, d->abi->levels);
            return;
        }
        out->nr_entries++;
        e->maddr = ((uint64_t)next.mfn << RING1_PAGE_SHIFT) + e->index * d->abi->pte_size;
        e->value = pte_read(d, next, e->index);
        if (!(e->value & PTE_P)) {
            out->verdict = VERDICT_NOT_PRESENT;
            out->level = level;
            return;
        }
        next = pte_mfn(e->value);
    }
    out->has_frame = true;
    out->frame = report_frame(d, next);
    if (!out->frame.exists) {
        out->verdict = VERDICT_NO_SUCH_FRAME;
        out->level = 1;
    } else if (result != WALK_OK) {
        judge_rights(d, out);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * number_facts.c - see number_facts.h.
 */
#include "number_facts.h"

#include "dispatch/memory.h"
#include "dispatch/mmu.h"

#define FRAME_BITS   UINT64_C(0x000FFFFFFFFFF000)
#define NX_BIT       (UINT64_C(1) << 63)
#define MMU_MACHPHYS 1u /* 2 in 2.0 */

static void take_frame(const struct domain *d, uint64_t mfn, struct number_facts *f)
{
    f->has_frame = true;
    f->mfn = mfn;
    f->pfn = FACTS_NO_PFN;
    if (!d || mfn >= d->mem->nr_frames)
        return;
    uint32_t pfn = m2p_get(d->mem, MFN((uint32_t)mfn));
    if (pfn < d->s.max_pages)
        f->pfn = pfn;
}

static void add_flag(struct number_facts *f, const char *name)
{
    if (f->nr_flags < FACTS_MAX_FLAGS)
        f->flags[f->nr_flags++] = name;
}

static void take_flags(const struct value_set *set, uint64_t value, struct number_facts *f)
{
    f->has_flags = true;
    for (unsigned i = 0; i < set->nr; i++) {
        uint64_t mask = (uint64_t)set->values[i].value;
        if ((value & mask) != mask || mask == 0)
            continue;
        add_flag(f, set->values[i].name);
        value &= ~mask;
    }
    f->rest = value;
}

static bool take_pte(const struct domain *d, uint64_t entry, struct number_facts *f)
{
    if (entry == 0)
        return false;
    take_frame(d, (entry & FRAME_BITS) >> RING1_PAGE_SHIFT, f);
    take_flags(&values_pte_flags, entry & 0xFFF, f);
    if (entry & NX_BIT)
        add_flag(f, "NX");
    f->rest |= entry & ~FRAME_BITS & ~NX_BIT & ~UINT64_C(0xFFF);
    return true;
}

static bool is_2_0(const struct domain *d)
{
    return d && d->abi->xen == RING1_XEN_2_0;
}

/* The command is in the low bits: as many as an entry's address leaves free. */
static unsigned mmu_command(const struct domain *d, uint64_t ptr)
{
    return (unsigned)ptr & (d ? d->abi->pte_size - 1u : 3u);
}

static bool take_mmu_ptr(const struct domain *d, uint64_t ptr, struct number_facts *f)
{
    unsigned cmd = mmu_command(d, ptr);
    const struct value_set *set = is_2_0(d) ? &values_mmu_cmd_2_0 : &values_mmu_cmd;
    f->name = value_name(set, cmd);
    if (!f->name)
        f->expected = set->name;
    take_frame(d, ptr >> RING1_PAGE_SHIFT, f);
    return true;
}

static bool take_mmu_val(const struct domain *d, const struct number *n, struct number_facts *f)
{
    unsigned cmd = mmu_command(d, n->peer);
    if (is_2_0(d) && cmd == 3) {
        f->name = value_name(&values_mmuext_2_0, (int64_t)(n->value & 0xFF));
        f->expected = f->name ? NULL : values_mmuext_2_0.name;
        return true;
    }
    return cmd != (is_2_0(d) ? 2u : MMU_MACHPHYS) && take_pte(d, n->value, f);
}

static bool take_uvm_flags(uint64_t value, struct number_facts *f)
{
    static const char *const flush[] = {NULL, "UVMF_TLB_FLUSH", "UVMF_INVLPG", NULL};
    f->has_flags = true;
    if (flush[value & 3])
        add_flag(f, flush[value & 3]);
    f->rest = flush[value & 3] ? value & ~UINT64_C(3) : value;
    if (f->rest == 4) {
        add_flag(f, "UVMF_ALL");
        f->rest = 0;
    }
    return true;
}

static bool take_names(const struct number *n, struct number_facts *f)
{
    if (n->set && n->set->flags) {
        take_flags(n->set, n->value, f);
        return true;
    }
    f->name = n->name;
    f->expected = n->name ? NULL : n->kind;
    return f->name || f->expected;
}

bool number_facts(const struct number *n, const struct domain *domain, bool output, struct number_facts *f)
{
    f->name = f->expected = NULL;
    f->has_flags = f->has_frame = f->is_frame = false;
    f->nr_flags = 0;
    f->rest = 0;
    switch (n->format) {
    case FORMAT_MFN:
        f->is_frame = true;
        take_frame(domain, n->value, f);
        return true;
    case FORMAT_FRAME:
        if (!output)
            return false;
        f->is_frame = true;
        take_frame(domain, n->value, f);
        return true;
    case FORMAT_MADDR:
        take_frame(domain, n->value >> RING1_PAGE_SHIFT, f);
        return true;
    case FORMAT_DOMID:
        if (n->value <= UINT16_MAX)
            f->name = value_name(&values_domain_number, (int64_t)n->value);
        return f->name != NULL;
    case FORMAT_PTE:
        return take_pte(domain, n->value, f);
    case FORMAT_MMU_PTR:
        return take_mmu_ptr(domain, n->value, f);
    case FORMAT_MMU_VAL:
        return take_mmu_val(domain, n, f);
    case FORMAT_MMU_COUNT:
        f->has_flags = (n->value & MMU_UPDATE_PREEMPTED) != 0;
        f->rest = n->value & ~MMU_UPDATE_PREEMPTED;
        if (f->has_flags)
            add_flag(f, "MMU_UPDATE_PREEMPTED");
        return f->has_flags;
    case FORMAT_UVM_FLAGS:
        return take_uvm_flags(n->value, f);
    case FORMAT_NAMES:
        return take_names(n, f);
    case FORMAT_DEC:
    case FORMAT_HEX:
    case FORMAT_VA:
    case FORMAT_PFN:
    case FORMAT_PORT:
    case FORMAT_SELECTOR:
    case FORMAT_NS:
    case FORMAT_NS_HL:
    case FORMAT_DESCRIPTOR:
        break;
    }
    return false;
}

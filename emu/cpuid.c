/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpuid.c - one model of a CPU for every host and every run: nothing in it comes
 * from where ring1 runs, and no feature stands in it that the engine does not
 * execute as hardware does. docs/cpu.md says which and why.
 */
#include "cpuid.h"

#include "dispatch/timer.h"
#include "privop_ops.h"

#include <string.h>

#define ANY_SUBLEAF UINT32_MAX
#define MAX_BASIC   7u
#define MAX_EXTEND  0x80000008u
#define XEN_BASE    0x40000000u

#define BIT(n) (1u << (n))

/* Leaf 1, EDX. */
#define F_FPU   BIT(0)
#define F_VME   BIT(1)
#define F_DE    BIT(2)
#define F_PSE   BIT(3)
#define F_TSC   BIT(4)
#define F_MSR   BIT(5)
#define F_PAE   BIT(6)
#define F_MCE   BIT(7)
#define F_CX8   BIT(8)
#define F_APIC  BIT(9)
#define F_MTRR  BIT(12)
#define F_PGE   BIT(13)
#define F_MCA   BIT(14)
#define F_CMOV  BIT(15)
#define F_PAT   BIT(16)
#define F_PSE36 BIT(17)
#define F_CLFSH BIT(19)
#define F_MMX   BIT(23)
#define F_FXSR  BIT(24)
#define F_SSE   BIT(25)
#define F_SSE2  BIT(26)
/* Leaf 1, ECX. */
#define F_SSE3       BIT(0)
#define F_SSSE3      BIT(9)
#define F_HYPERVISOR BIT(31)
/* Leaf 0x80000001, EDX. */
#define F_NX BIT(20)

#define LEAF1_EDX                                                                                            \
    (F_FPU | F_DE | F_PSE | F_TSC | F_MSR | F_PAE | F_MCE | F_CX8 | F_APIC | F_MTRR | F_PGE | F_MCA |        \
     F_CMOV | F_PAT | F_PSE36 | F_CLFSH | F_MMX | F_FXSR | F_SSE | F_SSE2)

/* What Xen hides from a guest that has no business with it. */
#define LEAF1_EDX_HIDDEN (F_VME | F_PSE | F_MTRR | F_PGE | F_PSE36)
#define LEAF1_EDX_OLD    (F_MCE | F_APIC | F_MCA) /* hidden by Xens before 4.17 */
#define LEAF1_EDX_OLDER  F_DE                     /* and by those that keep CR4.DE for themselves */

#define TEXT(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* Features are taken away from what the engine executes; a guest that uses one all
 * the same finds that it works. */
static const struct cpu_model MODELS[] = {
    {"atom", "family 6, model 28: SSSE3, NX (the default)", 0x000106CA, 0, 0, true},
    {"pentium-m", "family 6, model 13: SSE2", 0x000006D8, 0, F_SSE3 | F_SSSE3, false},
    {"pentium3", "family 6, model 8: SSE", 0x0000068A, F_SSE2 | F_CLFSH, F_SSE3 | F_SSSE3, false},
    {"pentium2", "family 6, model 5: MMX", 0x00000652, F_SSE2 | F_CLFSH | F_SSE, F_SSE3 | F_SSSE3, false},
    {NULL, NULL, 0, 0, 0, false},
};

const struct cpu_model *cpu_models(void)
{
    return MODELS;
}

const struct cpu_model *cpu_model_find(const char *name)
{
    if (!name)
        return &MODELS[0];
    for (const struct cpu_model *m = MODELS; m->name; m++)
        if (g_str_equal(m->name, name))
            return m;
    return NULL;
}

struct leaf {
    uint32_t leaf, subleaf;
    uint32_t value[4]; /* EAX, EBX, ECX, EDX */
};

static const struct leaf MODEL[] = {
    {0,
     ANY_SUBLEAF,
     {MAX_BASIC, TEXT('G', 'e', 'n', 'u'), TEXT('n', 't', 'e', 'l'), TEXT('i', 'n', 'e', 'I')}},
    /* The signature is the model's; CLFLUSH of 8 * 8 bytes, one thread. */
    {1, ANY_SUBLEAF, {0, 0x00010800, F_SSE3 | F_SSSE3, LEAF1_EDX}},
    /* Caches and TLBs: L1 24 KiB data, 32 KiB code, L2 512 KiB. */
    {2, ANY_SUBLEAF, {0x4FBA5901, 0x0E3080C0, 0, 0}},
    {4, 0, {0x00000121, 0x0140003F, 0x0000003F, 1}},
    {4, 1, {0x00000122, 0x01C0003F, 0x0000003F, 1}},
    {4, 2, {0x00000143, 0x01C0003F, 0x000003FF, 1}},
    {0x80000000, ANY_SUBLEAF, {MAX_EXTEND, 0, 0, 0}},
    {0x80000002,
     ANY_SUBLEAF,
     {TEXT('r', 'i', 'n', 'g'), TEXT('1', ' ', 'e', 'm'), TEXT('u', 'l', 'a', 't'),
      TEXT('e', 'd', ' ', 'C')}},
    {0x80000003,
     ANY_SUBLEAF,
     {TEXT('P', 'U', ' ', '@'), TEXT(' ', '1', '.', '0'), TEXT('0', 'G', 'H', 'z'), 0}},
    {0x80000006, ANY_SUBLEAF, {0, 0, 0x02006040, 0}},
    {0x80000008, ANY_SUBLEAF, {0x00002024, 0, 0, 0}}, /* 36 bits physical, 32 linear */
};

static void model_leaf(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    for (unsigned i = 0; i < G_N_ELEMENTS(MODEL); i++) {
        if (MODEL[i].leaf == leaf && (MODEL[i].subleaf == ANY_SUBLEAF || MODEL[i].subleaf == subleaf)) {
            memcpy(out, MODEL[i].value, sizeof MODEL[i].value);
            return;
        }
    }
}

/* Time, for who cannot read it elsewhere (4.x): TSC as it is, 1 GHz. */
static void xen_time_leaf(uint32_t subleaf, uint32_t out[4])
{
    switch (subleaf) {
    case 0:
        out[0] = 0x2; /* the host's TSC is safe to use */
        out[2] = TSC_HZ / 1000;
        break;
    case 1: /* offset 0; ns = (tsc << 1) * 2^31 >> 32 */
        out[2] = 0x80000000u;
        out[3] = 1;
        break;
    case 2:
        out[0] = TSC_HZ / 1000;
        break;
    default:
        break;
    }
}

static void xen_leaf(const struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    const struct abi *abi = v->domain->abi;
    bool new = abi->xen >= RING1_XEN_4_17;
    if (leaf > (new ? 5u : 2u))
        return;
    switch (leaf) {
    case 0: /* "XenVMMXenVMM" */
        out[0] = XEN_BASE + (new ? 5u : 2u);
        out[1] = TEXT('X', 'e', 'n', 'V');
        out[2] = TEXT('M', 'M', 'X', 'e');
        out[3] = TEXT('n', 'V', 'M', 'M');
        break;
    case 1:
        out[0] = abi->xen_version;
        break;
    case 2: /* one page, its register; MMU_PT_UPDATE_PRESERVE_AD from 3.3 on */
        out[0] = 1;
        out[1] = MSR_HYPERCALL_PAGE;
        out[2] = new ? 1 : 0;
        break;
    case 3:
        xen_time_leaf(subleaf, out);
        break;
    case 5: /* bits of a machine address */
        if (subleaf == 0)
            out[1] = (uint32_t)g_bit_storage(v->domain->mem->nr_frames - 1) + RING1_PAGE_SHIFT;
        break;
    default:
        break;
    }
}

static void filter_features(const struct abi *abi, uint32_t out[4])
{
    out[3] &= ~LEAF1_EDX_HIDDEN;
    if (abi->xen < RING1_XEN_4_17)
        out[3] &= ~LEAF1_EDX_OLD;
    else
        out[2] |= F_HYPERVISOR; /* came with 3.4 */
    if (abi->xen < RING1_XEN_3_2)
        out[3] &= ~LEAF1_EDX_OLDER;
}

void cpuid_answer(const struct cpu_model *model, struct vcpu *v, uint32_t regs[4], bool forced)
{
    const struct abi *abi = v->domain->abi;
    uint32_t leaf = regs[0], subleaf = regs[2];
    bool filtered = forced || abi->xen >= RING1_XEN_4_17;
    uint32_t out[4] = {0};

    model_leaf(leaf, subleaf, out);
    if (leaf == 1) {
        out[0] = model->signature;
        out[1] |= v->id << 24;
        out[2] &= ~model->hidden_ecx;
        out[3] &= ~model->hidden_edx;
        if (filtered)
            filter_features(abi, out);
    } else if (leaf == 0x80000001) {
        out[3] = model->nx && guest_efer(abi) & 0x800u ? F_NX : 0;
    } else if (filtered && leaf >= XEN_BASE && leaf < XEN_BASE + 0x100) {
        xen_leaf(v, leaf - XEN_BASE, subleaf, out);
    }
    memcpy(regs, out, sizeof out);
}

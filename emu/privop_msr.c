/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * privop_msr.c - RDMSR and WRMSR (docs/xen-abi.md 7.2), the hypercall page's
 * register among them (1.4).
 */
#include "dispatch/hypercall_page.h"
#include "dispatch/page_type.h"
#include "dispatch/traps.h"
#include "privop_ops.h"

#define MSR_TSC         0x10u
#define MSR_APIC_BASE   0x1Bu
#define MSR_UCODE_REV   0x8Bu
#define MSR_MPERF       0xE7u
#define MSR_APERF       0xE8u
#define MSR_PERF_CTL    0x199u
#define MSR_MISC_ENABLE 0x1A0u
#define MSR_PAT         0x277u
#define MSR_EFER        0xC0000080u

#define EFER_SCE 0x001u
#define EFER_NX  0x800u

/* What the CPU of docs/cpu.md has. Old Xens let the guest read all of it, 4.17
 * the rows marked so. */
static const struct msr_row {
    uint32_t nr;
    bool in_4_17;
    uint64_t value;
} MSRS[] = {
    {MSR_TSC, true, 0}, /* see read_msr, as where 0 stands for APIC_BASE and EFER */
    {0x17, true, 0},    /* PLATFORM_ID */
    {MSR_APIC_BASE, true, 0},
    {MSR_UCODE_REV, true, 0x107ull << 32},
    {MSR_MPERF, false, 0},
    {MSR_APERF, false, 0},
    {0xFE, false, 0},  /* MTRRCAP: no ranges */
    {0x179, false, 0}, /* MCG_CAP: no banks */
    {0x17A, false, 0}, /* MCG_STATUS */
    {0x198, true, 0},  /* PERF_STATUS */
    {MSR_PERF_CTL, true, 0},
    {MSR_MISC_ENABLE, true, 1}, /* fast strings */
    {MSR_PAT, true, 0x0007040600070406},
    {0x2FF, false, 0xC06}, /* MTRR_DEF_TYPE: write-back */
    {MSR_EFER, true, 0},
    {MSR_HYPERCALL_PAGE, true, 0}, /* reads as 0 */
};

uint32_t guest_efer(const struct abi *abi)
{
    uint32_t nx = abi->levels == 3 && !(abi->l1_disallow & PTE_NX) ? EFER_NX : 0;
    return nx | (abi->xen >= RING1_XEN_4_17 ? EFER_SCE : 0);
}

static const struct msr_row *find_msr(uint32_t nr)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(MSRS); i++) {
        if (MSRS[i].nr == nr)
            return &MSRS[i];
    }
    return NULL;
}

static uint64_t read_msr(const struct priv *op, const struct msr_row *row)
{
    switch (row->nr) {
    case MSR_TSC:
        return domain_now(op->v->domain);
    case MSR_APIC_BASE: /* enabled, and whether it is the first CPU */
        return 0xFEE00800u | (op->v->id == 0 ? 0x100u : 0);
    case MSR_EFER:
        return guest_efer(op->abi);
    case MSR_PAT: /* 4.17 sets up the CPU's own */
        return op->abi->xen >= RING1_XEN_4_17 ? 0x050100070406 : row->value;
    default:
        return row->value;
    }
}

enum privop_result priv_rdmsr(struct priv *op)
{
    const struct msr_row *row = find_msr(op->r->ecx);
    uint64_t value = 0;
    if (!row)
        return PRIVOP_FAULT;
    if (op->abi->xen < RING1_XEN_4_17 || row->in_4_17)
        value = read_msr(op, row);
    else if (op->v->traps[TRAP_gp_fault].address != 0)
        return PRIVOP_FAULT; /* a guest that could not take it reads 0 */
    op->r->eax = (uint32_t)value;
    op->r->edx = (uint32_t)(value >> 32);
    return PRIVOP_DONE;
}

/* The value is the page's machine address; its low bits number the pages, of
 * which there is one. */
static enum privop_result write_hypercall_page(struct priv *op, uint64_t value)
{
    struct domain *d = op->v->domain;
    uint64_t frame = value >> RING1_PAGE_SHIFT;
    if ((value & (RING1_PAGE_SIZE - 1)) || frame >= d->mem->nr_frames)
        return PRIVOP_FAULT;
    mfn_t mfn = MFN((uint32_t)frame);
    if (page_get_and_type(d, mfn, PGT_writable))
        return PRIVOP_FAULT;
    hypercall_page_init(op->abi, frame_ptr(d->mem, mfn));
    frame_changed(d, mfn);
    page_put_and_type(d, mfn);
    return PRIVOP_DONE;
}

enum privop_result priv_wrmsr(struct priv *op)
{
    uint32_t nr = op->r->ecx;
    uint64_t value = op->r->eax | (uint64_t)op->r->edx << 32;
    if (nr == MSR_HYPERCALL_PAGE && op->abi->xen >= RING1_XEN_3_0_4)
        return write_hypercall_page(op, value);
    if (op->abi->xen < RING1_XEN_4_17)
        return PRIVOP_DONE; /* not ours to change, and no fault */
    switch (nr) {
    case MSR_EFER:
        return value == guest_efer(op->abi) ? PRIVOP_DONE : PRIVOP_FAULT;
    case MSR_MISC_ENABLE:
    case MSR_UCODE_REV:
    case MSR_MPERF:
    case MSR_APERF:
    case MSR_PERF_CTL:
        return PRIVOP_DONE;
    default:
        return PRIVOP_FAULT;
    }
}

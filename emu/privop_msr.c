/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * privop_msr.c - RDMSR and WRMSR (docs/xen-abi.md 7.2), the hypercall page's
 * register among them (1.4).
 */
#include "dispatch/hypercall_page.h"
#include "dispatch/page_type.h"
#include "dispatch/traps.h"
#include "privop_ops.h"

#define MSR_TSC           0x10u
#define MSR_APIC_BASE     0x1Bu
#define MSR_UCODE_REV     0x8Bu
#define MSR_MPERF         0xE7u
#define MSR_APERF         0xE8u
#define MSR_MISC_FEATURES 0x140u
#define MSR_MCG_CAP       0x179u
#define MSR_MCG_STATUS    0x17Au
#define MSR_PERF_CTL      0x199u
#define MSR_MISC_ENABLE   0x1A0u
#define MSR_PAT           0x277u
#define MSR_MC0_CTL2      0x280u
#define MSR_EFER          0xC0000080u

#define EFER_SCE 0x001u
#define EFER_NX  0x800u

#define PLATFORM_CPUID_FAULTING (1ull << 31)

/* What 4.17 makes of MISC_ENABLE: no BTS, no PEBS, no xTPR messages. */
#define MISC_ENABLE_4_17 0x801801u

/* An error bank count of 2, corrected errors counted, threshold status, software
 * recovery. */
#define MCG_CAP_4_17 0x1000C02u

/* What the CPU of docs/cpu.md has, and old Xens let the guest read. */
struct msr_row {
    uint32_t nr;
    uint64_t value;
};

static const struct msr_row MSRS[] = {
    {MSR_TSC, 0}, /* see read_msr, as where 0 stands for APIC_BASE and EFER */
    {0x17, 0},    /* PLATFORM_ID */
    {MSR_APIC_BASE, 0},
    {MSR_UCODE_REV, 0x107ull << 32},
    {MSR_MPERF, 0},
    {MSR_APERF, 0},
    {0xFE, 0},        /* MTRRCAP: no ranges */
    {MSR_MCG_CAP, 0}, /* no banks */
    {MSR_MCG_STATUS, 0},
    {0x198, 0}, /* PERF_STATUS */
    {MSR_PERF_CTL, 0},
    {MSR_MISC_ENABLE, 1}, /* fast strings */
    {MSR_PAT, 0x0007040600070406},
    {0x2FF, 0xC06}, /* MTRR_DEF_TYPE: write-back */
    {MSR_EFER, 0},
    {MSR_HYPERCALL_PAGE, 0}, /* reads as 0 */
};

/* What 4.17 itself answers for, whatever the CPU has: ranges, and what a write
 * comes to. */
enum msr_write {
    WRITE_FAULTS,
    WRITE_IGNORED,
    WRITE_SAME, /* what is read may be written back */
    WRITE_ZERO, /* 0 may be written */
    WRITE_KEPT, /* see write_kept */
};

static const struct msr_range {
    uint32_t first, last;
    bool reads;
    enum msr_write write;
    uint64_t value;
} MSRS_4_17[] = {
    {0x000, 0x001, true, WRITE_FAULTS, 0}, /* P5_MC_ADDR, P5_MC_TYPE */
    {MSR_TSC, MSR_TSC, true, WRITE_FAULTS, 0},
    {0x017, 0x017, true, WRITE_FAULTS, 0}, /* PLATFORM_ID */
    {MSR_APIC_BASE, MSR_APIC_BASE, true, WRITE_FAULTS, 0},
    {0x03A, 0x03A, true, WRITE_FAULTS, 1}, /* FEATURE_CONTROL: locked */
    {MSR_UCODE_REV, MSR_UCODE_REV, true, WRITE_ZERO, 0x107ull << 32},
    {0x0C1, 0x0C8, true, WRITE_IGNORED, 0},                      /* P6_PERFCTR */
    {0x0CE, 0x0CE, true, WRITE_FAULTS, PLATFORM_CPUID_FAULTING}, /* PLATFORM_INFO */
    {MSR_MPERF, MSR_APERF, false, WRITE_IGNORED, 0},
    {MSR_MISC_FEATURES, MSR_MISC_FEATURES, true, WRITE_KEPT, 0},
    {MSR_MCG_CAP, MSR_MCG_CAP, true, WRITE_IGNORED, MCG_CAP_4_17},
    {MSR_MCG_STATUS, MSR_MCG_STATUS, true, WRITE_KEPT, 0},
    {0x17B, 0x17B, true, WRITE_IGNORED, 0},  /* MCG_CTL */
    {0x186, 0x189, true, WRITE_IGNORED, 0},  /* P6_EVNTSEL */
    {0x198, 0x198, true, WRITE_FAULTS, 0},   /* PERF_STATUS */
    {0x199, 0x199, true, WRITE_IGNORED, 0},  /* PERF_CTL */
    {0x19A, 0x19A, false, WRITE_IGNORED, 0}, /* THERM_CONTROL */
    {0x19C, 0x19C, true, WRITE_FAULTS, 0},   /* THERM_STATUS */
    {MSR_MISC_ENABLE, MSR_MISC_ENABLE, true, WRITE_IGNORED, MISC_ENABLE_4_17},
    {0x1B0, 0x1B0, false, WRITE_IGNORED, 0}, /* ENERGY_PERF_BIAS */
    {MSR_PAT, MSR_PAT, true, WRITE_FAULTS, 0x050100070406},
    {MSR_MC0_CTL2, MSR_MC0_CTL2 + 1, true, WRITE_KEPT, 0},
    {MSR_MC0_CTL2 + 2, 0x29F, true, WRITE_IGNORED, 0}, /* banks that are not there */
    {0x309, 0x30B, true, WRITE_IGNORED, 0},            /* CORE_PERF_FIXED_CTR */
    {0x345, 0x345, true, WRITE_FAULTS, 0},             /* PERF_CAPABILITIES */
    {0x38D, 0x390, true, WRITE_IGNORED, 0},            /* CORE_PERF_*_CTRL */
    {0x400, 0x400, true, WRITE_IGNORED, UINT64_MAX},   /* MC0_CTL */
    {0x401, 0x403, true, WRITE_ZERO, 0},               /* MC0_STATUS, ADDR, MISC */
    {0x404, 0x404, true, WRITE_IGNORED, UINT64_MAX},
    {0x405, 0x407, true, WRITE_ZERO, 0},
    {0x408, 0x47F, true, WRITE_IGNORED, 0}, /* of banks that are not there */
    {MSR_HYPERCALL_PAGE, MSR_HYPERCALL_PAGE, true, WRITE_KEPT, 0},
    {MSR_EFER, MSR_EFER, true, WRITE_SAME, 0},
    {0xC001001F, 0xC001001F, true, WRITE_IGNORED, 0}, /* NB_CFG, of any vendor */
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

static const struct msr_range *find_range(uint32_t nr)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(MSRS_4_17); i++) {
        if (nr >= MSRS_4_17[i].first && nr <= MSRS_4_17[i].last)
            return &MSRS_4_17[i];
    }
    return NULL;
}

static uint64_t read_msr(const struct priv *op, uint32_t nr, uint64_t value)
{
    switch (nr) {
    case MSR_TSC:
        return domain_now(op->v->domain);
    case MSR_APIC_BASE: /* enabled, and whether it is the first CPU */
        return 0xFEE00800u | (op->v->id == 0 ? 0x100u : 0);
    case MSR_EFER:
        return guest_efer(op->abi);
    case MSR_MISC_FEATURES:
        return op->v->cpuid_faulting;
    case MSR_MCG_STATUS:
        return op->v->mcg_status;
    case MSR_MC0_CTL2:
    case MSR_MC0_CTL2 + 1:
        return op->v->mci_ctl2[nr - MSR_MC0_CTL2];
    default:
        return value;
    }
}

/* A guest that could not take the fault reads 0 from what the CPU has. */
static bool faked(const struct priv *op, uint32_t nr)
{
    return op->v->traps[TRAP_gp_fault].address == 0 && find_msr(nr) && nr >> 16 != MSR_HYPERCALL_PAGE >> 16;
}

enum privop_result priv_rdmsr(struct priv *op)
{
    uint32_t nr = op->r->ecx;
    uint64_t value = 0;
    if (op->abi->xen < RING1_XEN_4_17) {
        const struct msr_row *row = find_msr(nr);
        if (!row)
            return PRIVOP_FAULT;
        value = read_msr(op, nr, row->value);
    } else {
        const struct msr_range *range = find_range(nr);
        if (range && range->reads)
            value = read_msr(op, nr, range->value);
        else if (!faked(op, nr))
            return PRIVOP_FAULT;
    }
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

static enum privop_result write_kept(struct priv *op, uint32_t nr, uint64_t value)
{
    switch (nr) {
    case MSR_MISC_FEATURES:
        if (value > 1)
            return PRIVOP_FAULT;
        op->v->cpuid_faulting = value;
        return PRIVOP_DONE;
    case MSR_MCG_STATUS:
        op->v->mcg_status = value;
        return PRIVOP_DONE;
    case MSR_MC0_CTL2:
    case MSR_MC0_CTL2 + 1:
        op->v->mci_ctl2[nr - MSR_MC0_CTL2] = value;
        return PRIVOP_DONE;
    default:
        return write_hypercall_page(op, value);
    }
}

enum privop_result priv_wrmsr(struct priv *op)
{
    uint32_t nr = op->r->ecx;
    uint64_t value = op->r->eax | (uint64_t)op->r->edx << 32;
    if (op->abi->xen < RING1_XEN_4_17) {
        if (nr == MSR_HYPERCALL_PAGE && op->abi->xen >= RING1_XEN_3_0_4)
            return write_hypercall_page(op, value);
        return PRIVOP_DONE; /* not ours to change, and no fault */
    }
    const struct msr_range *range = find_range(nr);
    if (!range)
        return PRIVOP_FAULT;
    switch (range->write) {
    case WRITE_IGNORED:
        return PRIVOP_DONE;
    case WRITE_SAME:
        return value == read_msr(op, nr, range->value) ? PRIVOP_DONE : PRIVOP_FAULT;
    case WRITE_ZERO:
        return value == 0 ? PRIVOP_DONE : PRIVOP_FAULT;
    case WRITE_KEPT:
        return write_kept(op, nr, value);
    default:
        return PRIVOP_FAULT;
    }
}

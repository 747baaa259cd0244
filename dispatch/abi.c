/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * abi.c - the constants of abi.h, one row a legal pair of ABI and Xen.
 * Sources: docs/xen-abi.md 1.3, 3.1, 4.3, 4.5, 5.2, 5.4, 6.2 and 12.2.
 */
#include "abi.h"

#include <glib.h>
#include <xen/errno.h>

/* Bits that a present entry must not have, on top of the address's range. */
#define DISALLOW_2_0_L1   0x180ull
#define DISALLOW_2_0_L2   0x180ull
#define DISALLOW_3_X      0x180ull
#define DISALLOW_3_2      0x198ull
#define DISALLOW_L3_3_0_0 0x1E6ull
#define DISALLOW_L3_3_4   0x1FEull
/* PAE: bits above the address; NX is offered. */
#define DISALLOW_HIGH 0x7FF0000000000000ull

#define COMMON_2_LEVELS                                                                                      \
    .levels = 2, .pte_size = 4, .ptes_per_page = 1024, .hole = 0xFC000000u, .m2p_end = 0xFC400000u,          \
    .segment_top = 0xFC400000u

#define COMMON_3_LEVELS .levels = 3, .pte_size = 8, .ptes_per_page = 512, .hole = 0xF5800000u

#define COMMON_3_0                                                                                           \
    .kernel_cs = 0xE019, .kernel_ds = 0xE021, .user_cs = 0xE02B, .user_ds = 0xE033,                          \
    .first_reserved_gdt = 7168, .max_gdt_entries = 7168, .multicall_result = 1, .multicall_arg = 2,          \
    .mmu_update_size = 16, .frame_has_mask = true, .max_vcpus = 32, .virq_timer = 0, .virq_debug = 1,        \
    .virq_console = 2, .si_evtchn_pending = 2048, .si_evtchn_mask = 2176, .vi_pending_sel = 4

/* What was answered up to 3.0.0, and from 3.0.4 on. */
#define ANSWERS_3_0_0                                                                                        \
    .bad_mmu_cmd = -XEN_EINVAL, .bad_mmuext_cmd = -XEN_EINVAL, .bad_foreigndom = -XEN_EINVAL,                \
    .bad_debugreg = -XEN_EINVAL, .bad_callback_type = -XEN_ENOSYS
#define ANSWERS_3_0_4                                                                                        \
    .bad_mmu_cmd = -XEN_ENOSYS, .bad_mmuext_cmd = -XEN_ENOSYS, .bad_foreigndom = -XEN_ESRCH,                 \
    .bad_debugreg = -XEN_EINVAL, .bad_callback_type = -XEN_ENOSYS

/* What the native 3.x hypervisors share, whatever their page tables. */
#define NATIVE_3_0_0                                                                                         \
    .number_mask = 31, .array_range_checked = true, .int80_direct = true, .nr_virqs = 7, ANSWERS_3_0_0
#define NATIVE_3_0_4                                                                                         \
    .number_mask = UINT32_MAX, .array_range_checked = true, .pf_code_by_ring = true, .int80_direct = true,   \
    .nr_virqs = 24, ANSWERS_3_0_4
#define NATIVE_PAE                                                                                           \
    .magic = "xen-3.0-x86_32p", COMMON_3_LEVELS, .m2p_end = 0xF6800000u, .segment_top = 0xF6800000u

static const struct abi abi_2_0 = {
    .abi = RING1_ABI_XEN_2_0,
    .xen = RING1_XEN_2_0,
    .name = "xen-2.0",
    .xen_name = "2.0",
    .xen_version = 0x00020000,
    .capabilities = NULL,
    .magic = NULL,
    COMMON_2_LEVELS,
    .l1_disallow = DISALLOW_2_0_L1,
    .l2_disallow = DISALLOW_2_0_L2,
    .l1_flags_unchecked = true,
    .kernel_cs = 0x0819,
    .kernel_ds = 0x0821,
    .user_cs = 0x082B,
    .user_ds = 0x0833,
    .first_reserved_gdt = 256,
    .max_gdt_entries = 8192,
    .number_mask = 31,
    .multicall_result = 6,
    .multicall_arg = 1,
    .array_range_checked = true,
    .mmu_update_size = 8,
    .frame_has_cr2 = true,
    .max_vcpus = 1,
    .nr_virqs = 7,
    .virq_timer = 1,
    .virq_debug = 2,
    .virq_console = 3,
    .si_evtchn_pending = 4,
    .si_evtchn_mask = 136,
    .vi_pending_sel = 132,
    ANSWERS_3_0_0,
};

static const struct abi abi_3_0_0 = {
    .abi = RING1_ABI_XEN_3_0,
    .xen = RING1_XEN_3_0_0,
    .name = "xen-3.0",
    .xen_name = "3.0.0",
    .xen_version = 0x00030000,
    .capabilities = "xen-3.0-x86_32",
    .magic = "xen-3.0-x86_32",
    COMMON_2_LEVELS,
    .l1_disallow = DISALLOW_3_X,
    .l2_disallow = DISALLOW_3_X,
    COMMON_3_0,
    NATIVE_3_0_0,
};

static const struct abi abi_3_0_4 = {
    .abi = RING1_ABI_XEN_3_0,
    .xen = RING1_XEN_3_0_4,
    .name = "xen-3.0",
    .xen_name = "3.0.4",
    .xen_version = 0x00030000,
    .capabilities = "xen-3.0-x86_32",
    .magic = "xen-3.0-x86_32",
    COMMON_2_LEVELS,
    .l1_disallow = DISALLOW_3_X,
    .l2_disallow = DISALLOW_3_X,
    COMMON_3_0,
    NATIVE_3_0_4,
};

static const struct abi abi_3_2 = {
    .abi = RING1_ABI_XEN_3_0,
    .xen = RING1_XEN_3_2,
    .name = "xen-3.0",
    .xen_name = "3.2",
    .xen_version = 0x00030002,
    .capabilities = "xen-3.0-x86_32 ",
    .magic = "xen-3.0-x86_32",
    COMMON_2_LEVELS,
    .l1_disallow = DISALLOW_3_2,
    .l2_disallow = DISALLOW_3_2,
    COMMON_3_0,
    NATIVE_3_0_4,
};

static const struct abi abi_pae_3_0_0 = {
    .abi = RING1_ABI_XEN_3_0_PAE,
    .xen = RING1_XEN_3_0_0,
    .name = "xen-3.0-pae",
    .xen_name = "3.0.0",
    .xen_version = 0x00030000,
    .capabilities = "xen-3.0-x86_32p",
    NATIVE_PAE,
    .l1_disallow = DISALLOW_3_X | DISALLOW_HIGH,
    .l2_disallow = DISALLOW_3_X | DISALLOW_HIGH,
    .l3_disallow = DISALLOW_L3_3_0_0 | DISALLOW_HIGH | (1ull << 63),
    COMMON_3_0,
    NATIVE_3_0_0,
};

static const struct abi abi_pae_3_0_4 = {
    .abi = RING1_ABI_XEN_3_0_PAE,
    .xen = RING1_XEN_3_0_4,
    .name = "xen-3.0-pae",
    .xen_name = "3.0.4",
    .xen_version = 0x00030000,
    .capabilities = "xen-3.0-x86_32p",
    NATIVE_PAE,
    .l1_disallow = DISALLOW_3_X | DISALLOW_HIGH,
    .l2_disallow = DISALLOW_3_X | DISALLOW_HIGH,
    .l3_disallow = DISALLOW_L3_3_0_0 | DISALLOW_HIGH | (1ull << 63),
    COMMON_3_0,
    NATIVE_3_0_4,
};

static const struct abi abi_pae_3_2 = {
    .abi = RING1_ABI_XEN_3_0_PAE,
    .xen = RING1_XEN_3_2,
    .name = "xen-3.0-pae",
    .xen_name = "3.2",
    .xen_version = 0x00030002,
    .capabilities = "xen-3.0-x86_32p ",
    NATIVE_PAE,
    .l1_disallow = DISALLOW_3_2 | DISALLOW_HIGH,
    .l2_disallow = DISALLOW_3_2 | DISALLOW_HIGH,
    .l3_disallow = DISALLOW_L3_3_4 | DISALLOW_HIGH | (1ull << 63),
    COMMON_3_0,
    NATIVE_3_0_4,
};

static const struct abi abi_pae_4_17 = {
    .abi = RING1_ABI_XEN_3_0_PAE,
    .xen = RING1_XEN_4_17,
    .name = "xen-3.0-pae",
    .xen_name = "4.17",
    .xen_version = 0x00040011,
    .capabilities = "xen-3.0-x86_64 xen-3.0-x86_32p hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ",
    .magic = "xen-3.0-x86_32p",
    COMMON_3_LEVELS,
    .m2p_end = 0xFFE00000u,
    .segment_top = 0,
    .l1_disallow = 0x098ull, /* G is allowed, and so are the high bits */
    .l2_disallow = DISALLOW_3_2,
    .l3_disallow = DISALLOW_3_2 | DISALLOW_HIGH | (1ull << 63),
    COMMON_3_0,
    .number_mask = UINT32_MAX,
    .pf_code_by_ring = true,
    .nr_virqs = 24,
    .bad_mmu_cmd = -XEN_ENOSYS,
    .bad_mmuext_cmd = -XEN_ENOSYS,
    .bad_foreigndom = -XEN_ESRCH,
    .bad_debugreg = -XEN_ENODEV,
    .bad_callback_type = -XEN_ENOSYS,
};

static const struct abi *const all[] = {
    &abi_2_0,       &abi_3_0_0,   &abi_3_0_4,    &abi_3_2, &abi_pae_3_0_0,
    &abi_pae_3_0_4, &abi_pae_3_2, &abi_pae_4_17, NULL,
};

const struct abi *const *abi_all(void)
{
    return all;
}

const struct abi *abi_find(enum ring1_abi abi, enum ring1_xen xen)
{
    static const enum ring1_xen defaults[] = {
        [RING1_ABI_XEN_2_0] = RING1_XEN_2_0,
        [RING1_ABI_XEN_3_0] = RING1_XEN_3_2,
        [RING1_ABI_XEN_3_0_PAE] = RING1_XEN_4_17,
    };
    if (abi <= RING1_ABI_AUTO || abi > RING1_ABI_XEN_3_0_PAE)
        return NULL;
    if (xen == RING1_XEN_AUTO)
        xen = defaults[abi];
    for (size_t i = 0; all[i]; i++)
        if (all[i]->abi == abi && all[i]->xen == xen)
            return all[i];
    return NULL;
}

static const char *const abi_names[] = {
    [RING1_ABI_AUTO] = "auto",
    [RING1_ABI_XEN_2_0] = "xen-2.0",
    [RING1_ABI_XEN_3_0] = "xen-3.0",
    [RING1_ABI_XEN_3_0_PAE] = "xen-3.0-pae",
};

static const char *const xen_names[] = {
    [RING1_XEN_AUTO] = "auto",   [RING1_XEN_2_0] = "2.0", [RING1_XEN_3_0_0] = "3.0.0",
    [RING1_XEN_3_0_4] = "3.0.4", [RING1_XEN_3_2] = "3.2", [RING1_XEN_4_17] = "4.17",
};

static int name_index(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (g_str_equal(names[i], name))
            return (int)i;
    return -1;
}

bool abi_from_name(const char *name, enum ring1_abi *abi)
{
    int i = name_index(abi_names, G_N_ELEMENTS(abi_names), name);
    if (i >= 0)
        *abi = (enum ring1_abi)i;
    return i >= 0;
}

bool xen_from_name(const char *name, enum ring1_xen *xen)
{
    int i = name_index(xen_names, G_N_ELEMENTS(xen_names), name);
    if (i >= 0)
        *xen = (enum ring1_xen)i;
    return i >= 0;
}

const char *abi_name(enum ring1_abi abi)
{
    return (unsigned)abi < G_N_ELEMENTS(abi_names) ? abi_names[abi] : "?";
}

const char *xen_name(enum ring1_xen xen)
{
    return (unsigned)xen < G_N_ELEMENTS(xen_names) ? xen_names[xen] : "?";
}

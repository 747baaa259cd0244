/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * descriptors - a GDT and an LDT of one's own: set_gdt, update_descriptor,
 * SET_LDT, running on one's own CS and SS (docs/xen-abi.md 5.3, 8.2, 8.10).
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))
static u32 gdt[1024] PAGE, ldt[1024] PAGE, data[1024] PAGE;

#define ENTRIES 512u
#define SEL(i)  ((i)*8 | 1)  /* entry i of the GDT, for ring 1 */
#define LSEL(i) (SEL(i) | 4) /* and of the LDT */

/* descriptors_asm.S */
u32 load_fs(u32 selector);
u32 read_fs(u32 selector); /* the word at fs:0 */
u32 peek_fs(void);         /* without loading FS */
u32 load_ss(u32 selector), load_ds(u32 selector), jump_to(u32 selector);
extern char load_ss_at[], load_ds_at[], jump_to_at[];
u32 on_own_segments(u32 ss_and_cs); /* int3 there; CS << 16 | SS afterwards */

static void describe(u32 *at, u32 base, u32 limit, u32 access, u32 flags)
{
    at[0] = (limit & 0xFFFF) | base << 16;
    at[1] = (base >> 16 & 0xFF) | access << 8 | (limit & 0xF0000) | flags << 20 | (base & 0xFF000000);
}

static s32 set_gdt(const void *page, u32 entries)
{
    u32 frames[1] = {virt_to_mfn(page)};

    return hypercall(NR_set_gdt, (u32)frames, entries, 0, 0, 0);
}

static s32 update_descriptor(u32 *entry, u32 offset, u32 low, u32 high)
{
    u64 maddr = ((u64)virt_to_mfn((void *)((u32)entry & ~0xFFFu)) << 12) + ((u32)entry & 0xFFF) + offset;

#ifdef GUEST_2_0
    return hypercall(10, (u32)maddr, low, high, 0, 0);
#else
    return hypercall(10, (u32)maddr, (u32)(maddr >> 32), low, high, 0);
#endif
}

/* A native Xen finds that FS can no longer be loaded, and says so (6.4). 4.17 only
 * looks when it puts the vcpu on a CPU. */
static u32 vanish(u32 entry)
{
    return (u32)update_descriptor((u32 *)entry, 0, 0, 0);
}

static void failsafe(u32 *entry, u32 selector)
{
    if (xen < XEN_4_17) {
        load_fs(selector);
        CHECK("descriptor of FS gone", try_call(vanish, (u32)entry), VEC_FAILSAFE);
        CHECK("  saved FS", failsafe_segments[2] & 0xFFFF, selector);
        CHECK("  FS in the handler", last_trap.fs, 0);
        CHECK("  the call's result", last_trap.regs[TRAP_EAX], 0);
    }
    load_fs(KERNEL_DS);
}

static int resume(struct trap *t)
{
    return t->vec == 3;
}

/* Loads that the CPU refuses: the vector, and the selector as error code. */
static void refused(const char *name, void *function, const char *at, u32 selector, s32 vec)
{
    CHECK(name, try_call(function, selector), vec);
    CHECK("  error code", last_trap.error, selector & 0xFFFCu);
    CHECK("  eip", last_trap.eip, at);
}

static void refused_loads(void)
{
    u32 i = 8;

    refused("DS: not present", load_ds, load_ds_at, SEL(i), 11);
    refused("SS: not present", load_ss, load_ss_at, SEL(i), 12);
    refused("CS: not present", jump_to, jump_to_at, SEL(i + 1), 11);
    refused("SS: null", load_ss, load_ss_at, 0, 13);
    refused("SS: RPL 3", load_ss, load_ss_at, SEL(2) | 3, 13);
    refused("SS: of ring 3", load_ss, load_ss_at, USER_DS, 13);
    refused("SS: read-only", load_ss, load_ss_at, SEL(i + 2), 13);
    refused("SS: code", load_ss, load_ss_at, SEL(1), 13);
    CHECK("DS: read-only", try_call(load_ds, SEL(i + 2)), NO_TRAP);
    refused("DS: execute-only", load_ds, load_ds_at, SEL(i + 3), 13);
    CHECK("CS: execute-only", try_call(jump_to, SEL(i + 3)), NO_TRAP);
    refused("CS: data", jump_to, jump_to_at, SEL(2), 13);
    refused("CS: null", jump_to, jump_to_at, 0, 13);
    refused("CS: of ring 3", jump_to, jump_to_at, USER_CS, 13);
    refused("DS: beyond the table", load_ds, load_ds_at, SEL(1000), 13);
}

static void own_gdt(void)
{
    u32 desc[2];

    describe(gdt + 2, 0, 0xFFFFF, 0xBA, 0xC);                  /* 1: code, ring 1 */
    describe(gdt + 4, 0, 0xFFFFF, 0xB2, 0xC);                  /* 2: data, ring 1 */
    describe(gdt + 6, (u32)data, sizeof(data) - 1, 0xB2, 0x4); /* 3: data, at `data` */
    describe(gdt + 16, 0, 0xFFFFF, 0x32, 0xC);                 /* 8: data, not present */
    describe(gdt + 18, 0, 0xFFFFF, 0x3A, 0xC);                 /* 9: code, not present */
    describe(gdt + 20, 0, 0xFFFFF, 0xB0, 0xC);                 /* 10: data, read-only */
    describe(gdt + 22, 0, 0xFFFFF, 0xB8, 0xC);                 /* 11: code, execute-only */
    data[0] = 0xDA7A0000;
    data[1] = 0xDA7A0001;
    CHECK("set_gdt of a writable page", set_gdt(gdt, ENTRIES), -EINVAL);
    CHECK("made read-only", remap_page(gdt, PTE_RO), 0);
    CHECK("set_gdt", set_gdt(gdt, ENTRIES), 0);
    CHECK("map it read-write", remap_page(gdt, PTE_RWX), xen == XEN_4_17 ? -EBUSY : -EINVAL);
    CHECK("a segment with a base", (try_call(read_fs, SEL(3)), try_result), 0xDA7A0000);
    CHECK("Xen's ring 1 selector", try_call(load_fs, KERNEL_DS), NO_TRAP);
    CHECK("Xen's ring 3 selector", try_call(load_fs, USER_DS), NO_TRAP);
    CHECK("an empty entry", try_call(load_fs, 0x55), 13);
    CHECK("  error code", last_trap.error, 0x54);
    on_trap = resume;
    CHECK("own CS and SS, with an int3", on_own_segments(SEL(1) << 16 | SEL(2)), SEL(1) << 16 | SEL(2));
    CHECK("  cs in its frame", last_trap.cs, SEL(1));
    on_trap = 0;
    refused_loads();
    CHECK("too many entries", set_gdt(gdt, 8193), -EINVAL);
    CHECK("bad list", hypercall(NR_set_gdt, 0x1000, ENTRIES, 0, 0, 0), -EFAULT);

    describe(desc, (u32)data + 4, 0xFFF, 0xB2, 0x4);
    CHECK("update_descriptor", update_descriptor(gdt + 10, 0, desc[0], desc[1]), 0);
    CHECK("  use it", (try_call(read_fs, SEL(5)), try_result), 0xDA7A0001);
    load_fs(SEL(5));
    describe(desc, (u32)data, 0xFFF, 0xB2, 0x4);
    CHECK("update_descriptor of what is loaded", update_descriptor(gdt + 10, 0, desc[0], desc[1]), 0);
    /* Native Xens load FS anew on the way back. */
    CHECK("  what FS shows", peek_fs(), xen < XEN_4_17 ? 0xDA7A0000 : 0xDA7A0001);
    load_fs(SEL(5));
    CHECK("  after a load", peek_fs(), 0xDA7A0000);
    describe(desc, (u32)data + 4, 0xFFF, 0xB2, 0x4);
    update_descriptor(gdt + 10, 0, desc[0], desc[1]);
    load_fs(KERNEL_DS);
    CHECK("update_descriptor, not aligned", update_descriptor(gdt + 10, 4, desc[0], desc[1]), -EINVAL);
    CHECK("update_descriptor to a TSS", update_descriptor(gdt + 10, 0, 0x67, 0x8900), -EINVAL);
    CHECK("  kept", gdt[10] == desc[0] && (gdt[11] & ~0x100u) == desc[1], 1);
    CHECK("update_descriptor of DPL 0", update_descriptor(gdt + 12, 0, 0xFFFF, 0xCF9200),
          xen <= XEN_3_0_0 ? -EINVAL : 0);
    if (xen >= XEN_3_0_4)
        CHECK("  stored with DPL 1", gdt[13] >> 13 & 3, 1);
    failsafe(gdt + 10, SEL(5));
    CHECK("update_descriptor to nothing", update_descriptor(gdt + 10, 0, 0, 0), 0);
    CHECK("  not there", try_call(load_fs, SEL(5)), 13);
    CHECK("update_descriptor in ordinary memory", update_descriptor(data + 2, 0, desc[0], desc[1]), 0);
    CHECK("  stored", data[2] == desc[0] && data[3] == desc[1], 1);
#ifndef GUEST_2_0
    CHECK("set_gdt of nothing", hypercall(NR_set_gdt, 0, 0, 0, 0, 0), 0);
    CHECK("  entry gone", try_call(load_fs, SEL(2)), 13);
    CHECK("  its page is ordinary again", remap_page(gdt, PTE_RWX), 0);
    CHECK("  Xen's selector", try_call(load_fs, KERNEL_DS), NO_TRAP);
#else
    CHECK("set_gdt of nothing", hypercall(NR_set_gdt, 0, 0, 0, 0, 0), -EINVAL);
    CHECK("set_gdt of 295 entries", set_gdt(gdt, 295), -EINVAL);
    CHECK("  entry there still", try_call(load_fs, SEL(2)), NO_TRAP);
#endif
}

static void own_ldt(void)
{
    data[0] = 0x1D700000;
    describe(ldt + 2, (u32)data, sizeof(data) - 1, 0xB2, 0x4);
    CHECK("without an LDT", try_call(load_fs, LSEL(1)), 13);
    remap_page(ldt, PTE_RO);
    CHECK("SET_LDT", mmuext(MMUEXT_SET_LDT, (u32)ldt, 2), 0);
    CHECK("a segment of it", (try_call(read_fs, LSEL(1)), try_result), 0x1D700000);
    CHECK("beyond its end", try_call(load_fs, LSEL(2)), 13);
    CHECK("  error code", last_trap.error, LSEL(2) & ~3u);
    CHECK("SET_LDT, not aligned", mmuext(MMUEXT_SET_LDT, (u32)ldt + 8, 2), -EINVAL);
    CHECK("SET_LDT of 8193", mmuext(MMUEXT_SET_LDT, (u32)ldt, 8193), -EINVAL);
    try_call(load_fs, KERNEL_DS);
    CHECK("SET_LDT of nothing", mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    CHECK("without an LDT again", try_call(load_fs, LSEL(1)), 13);
    CHECK("its page is ordinary again", remap_page(ldt, PTE_RWX), 0);
}

void guest_main(void)
{
    install_traps();
    own_gdt();
    own_ldt();
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * pvops - what a Linux from 2.6.23 on does before its first process that others do
 * not: a GDT before there are tables, tables made of the builder's by a copy with
 * Xen's own slots in it, the builder's unpinned while they are in use, a vcpu_info
 * of its own, timers by vcpu_op, updates that keep A and D, pinned L1 tables.
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define PAGE                 __attribute__((aligned(4096), section(".pages")))
#define NR_update_descriptor 10
#define NR_vcpu_op           24
#define PRESERVE_AD          2u
#define FEATURE_PRESERVE_AD  (1u << 5)

static u32 gdt[1024] PAGE, percpu[1024] PAGE, user_page[1024] PAGE;
static pte_t swapper[PTES] PAGE, level1[PTES] PAGE;
#ifdef GUEST_PAE
static pte_t level2[PTES] PAGE;
static u32 zeros[1024] PAGE;
#endif

static u32 read_percpu(void)
{
    u32 value;

    asm volatile("mov %1, %%fs; mov %%fs:8, %0" : "=r"(value) : "r"(27 * 8));
    return value;
}

static void early_gdt(void)
{
    u64 entry = ((u64)virt_to_mfn(gdt) << 12) + 27 * 8;
    u32 base = (u32)percpu, frame = virt_to_mfn(gdt);
    u32 low = 0xFFFF | base << 16, high = (base >> 16 & 0xFF) | 0xCF9200 | (base & 0xFF000000);

    percpu[2] = 0xFC0FFEE;
    CHECK("a descriptor into a page that is no GDT yet",
          hypercall(NR_update_descriptor, (u32)entry, (u32)(entry >> 32), low, high, 0), 0);
    CHECK("  DPL raised", gdt[55] >> 13 & 3, 1);
    CHECK("read-only", map_page_flags(gdt, pte(frame, PTE_RO), 0), 0);
    CHECK("set_gdt", hypercall(NR_set_gdt, (u32)&frame, 32, 0, 0, 0), 0);
    CHECK("per-cpu data", read_percpu(), 0xFC0FFEE);
}

static void own_tables(void)
{
    pte_t *boot = (pte_t *)start_info->pt_base;
    u32 old = virt_to_mfn(boot);
#ifdef GUEST_PAE
    u32 i;
    void *boot_l2 = mfn_to_virt((u32)(boot[3] >> 12));

    memcpy(level2, boot_l2, PAGE_SIZE);
    CHECK("Xen's slots are copied", (u32)level2[HYPERVISOR_START >> L2_SHIFT & 511] & PTE_P, PTE_P);
    for (i = 0; i < 3; i++)
        swapper[i] = pte(virt_to_mfn(zeros), PTE_P); /* an empty page three times */
    swapper[3] = pte(virt_to_mfn(level2), PTE_P);
    CHECK("read-only", map_page_flags(level2, pte(virt_to_mfn(level2), PTE_RO), 0), 0);
    CHECK("read-only", map_page_flags(zeros, pte(virt_to_mfn(zeros), PTE_RO), 0), 0);
#else
    memcpy(swapper, boot, PAGE_SIZE);
#endif
    CHECK("read-only", map_page_flags(swapper, pte(virt_to_mfn(swapper), PTE_RO), 0), 0);
    CHECK("the builder's unpinned, in use", mmuext(MMUEXT_UNPIN_TABLE, old, 0), 0);
    CHECK("own tables in use", mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(swapper), 0), 0);
    CHECK("  pinned", mmuext(MMUEXT_PIN_TABLE + TOP_LEVEL - 1, virt_to_mfn(swapper), 0), 0);
    start_info->pt_base = (u32)swapper;
    CHECK("the builder's top is memory now", map_page(boot, pte(old, PTE_RWX)), 0);
    memset(boot, 0, PAGE_SIZE);
#ifdef GUEST_PAE
    CHECK("its L2 too", remap_page(boot_l2, PTE_RWX), 0);
    memset(boot_l2, 0, PAGE_SIZE);
#endif
}

/* An L1 table below user space, pinned on its own as it is allocated. */
#define USER_VA 0x08048000u

static u32 load(u32 va)
{
    return *(volatile u32 *)va;
}

static void user_table(void)
{
    u64 at;
    u32 slot = USER_VA >> 12 & (PTES - 1);

    user_page[0] = 0x0E110;
    level1[slot] = pte(virt_to_mfn(user_page), PTE_P | PTE_RW | PTE_US);
    CHECK("read-only", remap_page(level1, PTE_RO), 0);
    CHECK("an L1 pinned", mmuext(MMUEXT_PIN_TABLE, virt_to_mfn(level1), 0), 0);
    pte_of(USER_VA, 2, &at);
#ifdef GUEST_PAE
    /* One page is the L2 of three slots: an entry in it is in all. */
    CHECK("in the L2", write_pte(at, pte(virt_to_mfn(level1), PTE_USER)), 0);
    CHECK("mapped in slot 1 too", try_call(load, USER_VA + 0x40000000), NO_TRAP);
#else
    CHECK("in the L2", write_pte(at, pte(virt_to_mfn(level1), PTE_USER)), 0);
#endif
    CHECK("mapped", try_call(load, USER_VA), NO_TRAP);
    CHECK("  value", try_result, 0x0E110);
    CHECK("out of the L2", write_pte(at, 0), 0);
    CHECK("flush", mmuext(MMUEXT_TLB_FLUSH, 0, 0), 0);
    CHECK("unpinned", mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(level1), 0), 0);
    CHECK("memory again", remap_page(level1, PTE_RWX), 0);
    CHECK("not mapped", try_call(load, USER_VA), 14);
}

static void protections(void)
{
    u32 features[2] = {0, 0}, done, expected = PTE_P | PTE_A | PTE_D;
    struct mmu_update request;
    u64 at;

    hypercall(NR_xen_version, 6, (u32)features, 0, 0, 0);
    if (!(features[1] & FEATURE_PRESERVE_AD))
        return;
    user_page[0]++;
    pte_of((u32)user_page, 1, &at);
    request = (struct mmu_update){at | PRESERVE_AD, pte(virt_to_mfn(user_page), PTE_P)};
    CHECK("an update that keeps A and D", mmu_update(&request, 1, &done), 0);
    CHECK("  kept", (u32)*L1E(user_page) & (expected | PTE_RW), expected);
    remap_page(user_page, PTE_RWX);
}

static int upcall(struct trap *t)
{
    if (t->vec != VEC_EVENT)
        return 0;
    EVTCHN_PENDING[0] = 0;
    return 1;
}

static int goes_on(struct trap *t)
{
    return t->vec == INT_RING1_MASKS;
}

/* For a while nobody writes to the page but Xen: a trap that masks events does. */
static u32 wrong_masks(volatile u8 *mask)
{
    u32 round, i, wrong = 0;
    u8 before = *mask;

    mask[-1] = 0; /* nothing is pending */
    on_trap = goes_on;
    for (round = 0; round < 3; round++) {
        *mask = 0;
        for (i = 0; i < 150; i++) {
            hypercall(NR_xen_version, 0, 0, 0, 0, 0);
            wrong += *mask != 0;
        }
        asm volatile("int $0x92" : : : "memory");
        for (i = 0; i < 150; i++) {
            hypercall(NR_xen_version, 0, 0, 0, 0, 0);
            wrong += *mask != 1;
        }
    }
    on_trap = 0;
    *mask = before;
    return wrong;
}

static void vcpu(void)
{
    static volatile u32 info[1024] PAGE;
    static u64 runstate[6] PAGE;
    u32 bind[4] = {VIRQ_TIMER, 0, 0}, place[2] = {(u32)runstate, 0};
    u32 mine[4] = {virt_to_mfn((void *)((u32)info & ~0xFFFu)), 0, (u32)info & 0xFFF, 0};
    struct {
        u64 at;
        u32 flags;
    } shot = {1, 1};
    volatile u32 *time = (volatile u32 *)(shared_info + 32);
    s32 placed = hypercall(NR_vcpu_op, 10, 0, (u32)mine, 0, 0), periodic, past;
    volatile u8 *pending = placed ? shared_info : (volatile u8 *)info;

    print("vcpu_info placed: %d\n", placed);
    if (!placed) {
        time = info + 8;
        CHECK("its mask is where it was", pending[1], UPCALL_MASK);
        CHECK("wrong masks", wrong_masks(pending + 1), 0);
    }
    CHECK("runstate", hypercall(NR_vcpu_op, 5, 0, (u32)place, 0, 0), 0);
    CHECK("is vcpu 1 up", hypercall(NR_vcpu_op, 3, 1, 0, 0, 0), -ENOENT);
    CHECK("VIRQ_TIMER", hypercall(NR_event_channel_op, 1, (u32)bind, 0, 0, 0), 0);
    EVTCHN_MASK[bind[2] / 32] &= ~(1u << bind[2] % 32);
    periodic = hypercall(NR_vcpu_op, 7, 0, 0, 0, 0);
    print("periodic timer stopped: %d\n", periodic);
    pending[1] = 1;
    on_trap = upcall;
    if (periodic) {
        CHECK("no timer", hypercall(NR_set_timer_op, 0, 0, 0, 0, 0), 0);
        shot.at = ((u64)time[5] << 32 | time[4]) + 40000000;
        CHECK("a timer", hypercall(NR_set_timer_op, (u32)shot.at, (u32)(shot.at >> 32), 0, 0, 0), 0);
    } else {
        past = hypercall(NR_vcpu_op, 8, 0, (u32)&shot, 0, 0);
        CHECK("a shot in the past", past == 0 || past == -62, 1);
        pending[0] = 0;
        EVTCHN_SEL = 0;
        ((volatile u32 *)pending)[1] = 0;
        EVTCHN_PENDING[0] = 0;
        shot.at = ((u64)time[5] << 32 | time[4]) + 40000000;
        CHECK("a shot", hypercall(NR_vcpu_op, 8, 0, (u32)&shot, 0, 0), 0);
    }
    CHECK("block", hypercall(NR_sched_op, 1, 0, 0, 0, 0), 0);
    CHECK("time has come", ((u64)time[5] << 32 | time[4]) >= shot.at - 1000000, 1);
    CHECK("runs", (u32)runstate[0], 0);
    on_trap = 0;
}

void guest_main(void)
{
    install_traps();
    early_gdt();
    own_tables();
    user_table();
    protections();
    vcpu();
}

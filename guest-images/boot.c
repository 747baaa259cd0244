/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * boot - what a domain finds at its first instruction: registers, start_info,
 * the order of what was loaded, p2m and m2p, page tables, shared_info, the
 * hypercall page (docs/xen-abi.md 1.4, 4.2 to 4.5). With `initrd=SUM` on the
 * command line the module's bytes must add up to SUM.
 */
#include "lib/paging.h"
#include "lib/traps.h"

extern u8 image_end[];

static int is_domain_0(void)
{
    return (start_info->flags & SIF_INITDOMAIN) != 0;
}

static void registers(void)
{
    const struct boot_state *b = &boot_state;

    CHECK("eax | ebx | ecx | edx | edi | ebp", b->eax | b->ebx | b->ecx | b->edx | b->edi | b->ebp, 0);
    CHECK("cs", b->cs & 0xFFFF, KERNEL_CS);
    CHECK("ss", b->ss & 0xFFFF, KERNEL_DS);
    CHECK("ds", b->ds & 0xFFFF, KERNEL_DS);
    CHECK("es", b->es & 0xFFFF, KERNEL_DS);
    CHECK("fs", b->fs & 0xFFFF, KERNEL_DS);
    CHECK("gs", b->gs & 0xFFFF, KERNEL_DS);
    CHECK("eflags", b->eflags, xen == XEN_2_0 ? 0x206 : 0x202);
}

static void information(void)
{
#ifndef GUEST_2_0
    CHECK("magic", memcmp(start_info->magic, "xen-3.0-x86_32", 14), 0);
#ifdef GUEST_PAE
    CHECK("magic ends with p", start_info->magic[14], 'p');
#endif
#endif
    print("nr_pages %u\n", start_info->nr_pages);
    print("command line '%s'\n", start_info->cmd_line);
    CHECK("shared_info is the address of a page", start_info->shared_info % PAGE_SIZE, 0);
    if (!is_domain_0())
        CHECK("flags", start_info->flags, 0);
}

static u32 pages_up(u32 bytes)
{
    return (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static void layout(void)
{
    u32 at = pages_up((u32)image_end), p2m_end;

    if (start_info->mod_len) {
        CHECK("initrd after the image", start_info->mod_start, at);
        at = pages_up(start_info->mod_start + start_info->mod_len);
    }
    CHECK("p2m after that", start_info->mfn_list, at);
    p2m_end = pages_up(start_info->mfn_list + start_info->nr_pages * 4);
#ifdef GUEST_2_0
    CHECK("page tables after that", start_info->pt_base, p2m_end);
    CHECK("start_info after that", (u32)start_info,
          start_info->pt_base + start_info->nr_pt_frames * PAGE_SIZE);
    CHECK("the stack's end after that", boot_state.esp, (u32)start_info + 2 * PAGE_SIZE);
#else
    CHECK("start_info after that", (u32)start_info, p2m_end);
    CHECK("xenstore's page after that", (u32)mfn_to_virt(start_info->store_mfn), p2m_end + PAGE_SIZE);
    CHECK("the console's page after that", (u32)mfn_to_virt(start_info->console_mfn),
          p2m_end + 2 * PAGE_SIZE);
    CHECK("page tables after that", start_info->pt_base, p2m_end + 3 * PAGE_SIZE);
    CHECK("the stack's end after that", boot_state.esp,
          start_info->pt_base + (start_info->nr_pt_frames + 1) * PAGE_SIZE);
    CHECK("event channels of both", start_info->store_evtchn && start_info->console_evtchn, 1);
#endif
    CHECK("esi", boot_state.esi, (u32)start_info);
}

static void frames(void)
{
    const u32 *p2m = (const u32 *)start_info->mfn_list;
    u32 pfn, wrong = 0, low = 0;

    for (pfn = 0; pfn < start_info->nr_pages; pfn++) {
        wrong += m2p()[p2m[pfn]] != pfn;
        low += p2m[pfn] < 0x100;
    }
    CHECK("pages whose m2p entry is not their number", wrong, 0);
    CHECK("frames in the first MiB", low, 0);
}

static void tables(void)
{
    u32 va, end, slack, wrong = 0, writable = 0, top = start_info->pt_base;
    const u32 *p2m = (const u32 *)start_info->mfn_list;
    u32 tables_end = top + start_info->nr_pt_frames * PAGE_SIZE;

    for (va = VIRT_BASE; pte_of(va, 1, 0) && (*L1E(va) & PTE_P); va += PAGE_SIZE) {
        u32 entry = (u32)*L1E(va), is_table = va >= top && va < tables_end;

        wrong += (u32)(*L1E(va) >> 12) != p2m[(va - VIRT_BASE) / PAGE_SIZE];
        wrong += (entry & PTE_US) != 0;
        writable += ((entry & PTE_RW) != 0) == is_table;
    }
    end = va;
    slack = end - (boot_state.esp > tables_end ? boot_state.esp : tables_end);
    CHECK("entries of the first region that are wrong", wrong, 0);
    CHECK("tables that are writable, or pages that are not", writable, 0);
    CHECK("region's end on 4 MiB", end % (4u << 20), 0);
    CHECK("room behind the stack, at least 512 KiB", slack >= 512u << 10, 1);
    CHECK("room behind the stack, below 4 MiB + 512 KiB", slack < (4u << 20) + (512u << 10), 1);
}

static void shared(void)
{
    CHECK("map shared_info", map_page((const void *)shared_info, pte(start_info->shared_info >> 12, PTE_RWX)),
          0);
    CHECK("upcall mask", UPCALL_MASK, 1);
    CHECK("upcall pending", UPCALL_PENDING, 0);
#ifdef GUEST_2_0
    CHECK("time versions equal", *(volatile u32 *)(shared_info + 272), *(volatile u32 *)(shared_info + 276));
    CHECK("cpu_freq", *(volatile u32 *)(shared_info + 264) != 0, 1);
    CHECK("wc_sec", *(volatile u32 *)(shared_info + 296) != 0, 1);
#else
    CHECK("upcall mask of the last vcpu", shared_info[31 * 64 + 1], 1);
    CHECK("time version even", *(volatile u32 *)(shared_info + 32) & 1, 0);
    CHECK("tsc_to_system_mul", *(volatile u32 *)(shared_info + 56) != 0, 1);
    CHECK("wc_version even", *(volatile u32 *)(shared_info + 2304) & 1, 0);
    CHECK("wc_sec", *(volatile u32 *)(shared_info + 2308) != 0, 1);
#endif
}

static void page_of_hypercalls(void)
{
    static const u8 iret[8] = {0x50, 0xB8, 23, 0, 0, 0, 0xCD, 0x82};
    u32 nr, wrong = 0, gap = xen >= XEN_3_2 ? 0xCC : 0xF4;

    if (xen <= XEN_3_0_0) {
        CHECK("no hypercall page", hypercall_page[0], 0xF4);
        return;
    }
    for (nr = 0; nr < 64; nr++) {
        u8 slot[8] = {0xB8, (u8)nr, 0, 0, 0, 0xCD, 0x82, 0xC3};

        wrong += memcmp(hypercall_page + nr * 32, nr == NR_iret ? iret : slot, 8) != 0;
        wrong += hypercall_page[nr * 32 + 8] != gap || hypercall_page[nr * 32 + 31] != gap;
    }
    CHECK("slots of the hypercall page that are wrong", wrong, 0);
}

static void initrd(void)
{
    const char *told = option("initrd");
    const u8 *module = (const u8 *)start_info->mod_start;
    u32 i, sum = 0, expected = 0;

    if (!told) {
        CHECK("no initrd", start_info->mod_start | start_info->mod_len, 0);
        return;
    }
    while (*told >= '0' && *told <= '9')
        expected = expected * 10 + (u32)(*told++ - '0');
    for (i = 0; i < start_info->mod_len; i++)
        sum += module[i];
    print("initrd of %u bytes\n", start_info->mod_len);
    CHECK("initrd's bytes", sum, expected);
}

void guest_main(void)
{
    registers();
    information();
    if (!is_domain_0())
        layout();
    frames();
    if (!is_domain_0())
        tables();
    shared();
    page_of_hypercalls();
    initrd();
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring3 - what ring 3 may and may not: hypercalls, software interrupts,
 * privileged instructions, the kernel's pages, and the frames that result
 * (docs/xen-abi.md 1.1, 6.2, 6.3, 12.1).
 */
#include "lib/paging.h"
#include "lib/traps.h"

static u32 kernel_page[1024] __attribute__((aligned(4096), section(".pages")));
static u32 missing_page[1024] __attribute__((aligned(4096), section(".pages")));

/* The frame that the last trap from ring 3 left, on the kernel's stack. */
static void check_frame(const char *name, s32 vec, u32 expected_vec, u32 error, u32 eip_offset)
{
    const struct trap *t = &last_trap;
    u32 words = 5 + (vec == 13 || vec == 14) + (vec == 14 && xen == XEN_2_0);

    print("%s:\n", name);
    CHECK("  vector", vec, expected_vec);
    CHECK("  error code", t->error, error);
    CHECK("  eip", t->eip - (u32)user_code, eip_offset);
    CHECK("  cs", t->cs, USER_CS);
    CHECK("  ss", t->ss, USER_DS);
    CHECK("  esp", USER_STACK_TOP - t->esp, 0);
    CHECK("  frame, below the kernel's stack top", KERNEL_STACK_TOP - t->at, words * 4);
}

/* Whether IF and the saved mask tell of `mask` as the ABI has it. */
static void check_mask(u32 mask, int raw)
{
    int shows = xen != XEN_2_0 && !raw;

    CHECK("  saved mask", last_trap.saved_mask, shows ? mask : 0);
    CHECK("  IF", last_trap.eflags >> 9 & 1, shows ? !mask : 1);
    CHECK("  mask byte in the handler", last_trap.mask, mask);
}

#define USER(...) ((const u8[]){__VA_ARGS__}), sizeof((const u8[]){__VA_ARGS__})
#define WORD(x)   (u8)(x), (u8)((x) >> 8), (u8)((x) >> 16), (u8)((x) >> 24)

static void interrupts(void)
{
    /* The native Xens of 3.x put the guest's vector 0x80 into the IDT. */
    int direct = xen >= XEN_3_0_0 && xen <= XEN_3_2;

    UPCALL_MASK = 1;
    check_frame("int3", run_user(USER(0xCC), 0), 3, 0, 1);
    check_mask(1, 0);
    check_frame("int $0x80", run_user(USER(0xCD, 0x80), 0), 0x80, 0, 2);
    check_mask(1, direct);
    check_frame("int $0x82", run_user(USER(0xCD, 0x82), 0), 13, 0x412, 0);
    check_mask(1, 0);
    check_frame("int of a gate with DPL 1", run_user(USER(0xCD, INT_RING1), 0), 13, INT_RING1 * 8 + 2, 0);
    check_frame("int of a gate with DPL 0", run_user(USER(0xCD, INT_NOBODY), 0), 13, INT_NOBODY * 8 + 2, 0);
    check_frame("int of a gate with DPL 3", run_user(USER(0xCD, INT_RING3), 0), INT_RING3, 0, 2);
    check_frame("into", run_user(USER(0xB0, 0x7F, 0x04, 0x01, 0xCE), 0), 4, 0, 5);

    CHECK("DPL 3 gate for 0x82", set_trap(0x82, 3, trap_stub(0x82)), 0);
    check_frame("int $0x82 with a DPL 3 gate", run_user(USER(0xCD, 0x82), 0), 0x82, 0, 2);
    check_mask(1, 0);
    CHECK("int $0x82 of ring 1 is a hypercall still", hypercall(NR_xen_version, 0, 0, 0, 0, 0) >= 0x20000, 1);
}

static void privileged(void)
{
    check_frame("cli", run_user(USER(0xFA), 0), 13, 0, 0);
    check_frame("sti", run_user(USER(0xFB), 0), 13, 0, 0);
    check_frame("hlt", run_user(USER(0xF4), 0), 13, 0, 0);
    check_frame("in al, 0x60", run_user(USER(0xE4, 0x60), 0), 13, 0, 0);
    check_frame("out 0x80, al", run_user(USER(0xE6, 0x80), 0), 13, 0, 0);
    check_frame("mov eax, cr0", run_user(USER(0x0F, 0x20, 0xC0), 0), 13, 0, 0);
    check_frame("clts", run_user(USER(0x0F, 0x06), 0), 13, 0, 0);
    check_frame("ud2", run_user(USER(0x0F, 0x0B), 0), 6, 0, 0);
}

static void fault(const char *name, u8 opcode, u32 address, u32 error)
{
    check_frame(name, run_user(USER(opcode, WORD(address)), 0), 14, error, 0);
    CHECK("  cr2", last_trap.cr2 - address, 0);
}

#define LOAD  0xA1 /* mov address, eax */
#define STORE 0xA3

static void pages(void)
{
    static const u8 loop[] = {0xB9, 100,  0,        0, 0, /* mov ecx, 100 */
                              0x50, 0x58,                 /* push eax; pop eax */
                              0xFF, 0x05, WORD(0u),       /* inc user_data[1] */
                              0x49, 0x75, 0xF5};          /* dec ecx; jnz */
    u8 code[sizeof(loop)];

    map_page(missing_page, 0);
    kernel_page[0] = 0x600DF00D;
    fault("read of a kernel page", LOAD, (u32)kernel_page, 5);
    fault("write to a kernel page", STORE, (u32)kernel_page, 7);
    CHECK("  unharmed", kernel_page[0], 0x600DF00D);
    fault("read of a missing page", LOAD, (u32)missing_page + 0x10, 4);
    fault("write to a missing page", STORE, (u32)missing_page + 0x20, 6);
    fault("read where no table is", LOAD, 0x1000, 4);
    fault("read of the m2p", LOAD, (u32)m2p(), 5);
    fault("read of a page table", LOAD, start_info->pt_base, 5);

    *(u32 *)user_data = 0x12345678;
    CHECK("read of a user page", run_user(USER(LOAD, WORD((u32)user_data)), 0), 3);
    CHECK("  value", last_trap.regs[TRAP_EAX], 0x12345678);
    CHECK("write to a user page", run_user(USER(STORE, WORD((u32)user_data)), 0xCAFE), 3);
    CHECK("  value", *(u32 *)user_data, 0xCAFE);
    remap_page(user_data, PTE_RO | PTE_US);
    fault("write to a read-only user page", STORE, (u32)user_data, 7);
    remap_page(user_data, PTE_USER);

    memcpy(code, loop, sizeof(loop));
    *(u32 *)(code + 9) = (u32)user_data + 4;
    *(u32 *)(user_data + 4) = 0;
    CHECK("a loop that pushes and counts", run_user(code, sizeof(code), 0), 3);
    CHECK("  count", *(u32 *)(user_data + 4), 100);
    CHECK("  ring 1 still writes its page", (kernel_page[0] = 1, kernel_page[0]), 1);
}

static u32 served;

/* A kernel that answers int 0x80: EAX + 1. */
static int serve(struct trap *t)
{
    if (t->vec != 0x80)
        return 0;
    served++;
    t->regs[TRAP_EAX]++;
    return 1;
}

static void system_calls(void)
{
    static const u8 code[] = {0xB9, 0xE8, 3,   0, 0, /* mov ecx, 1000 */
                              0xCD, 0x80,            /* int $0x80 */
                              0x49, 0x75, 0xFB};     /* dec ecx; jnz */

    on_trap = serve;
    CHECK("1000 system calls", run_user(code, sizeof(code), 0x100), 3);
    on_trap = 0;
    CHECK("  served", served, 1000);
    CHECK("  eax", last_trap.regs[TRAP_EAX], 0x100 + 1000);
}

void guest_main(void)
{
    install_traps();
    interrupts();
    privileged();
    pages();
    system_calls();
}

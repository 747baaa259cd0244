/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * segments - limits and kinds of segments: what lies beyond, expand-down, read-only,
 * null, and native Xen's help for segments of 4 GiB (docs/xen-abi.md 5.3). It wants
 * --segment-limits strict; QEMU, under a real Xen, does not enforce limits.
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))
static u32 gdt[1024] PAGE, data[17 * 1024] PAGE;

#define SEL(i)      ((i)*8 | 1)
#define USER_SEL(i) ((i)*8 | 3)

/* segments_asm.S */
#define FUNCTION(name) extern char name[], name##_at[]
FUNCTION(load_0);
FUNCTION(load_8);
FUNCTION(load_12);
FUNCTION(load_13);
FUNCTION(load_byte_15);
FUNCTION(load_byte_16);
FUNCTION(load_far);
FUNCTION(load_last);
FUNCTION(load_wrap);
FUNCTION(load_end);
FUNCTION(store_0);
FUNCTION(modify_0);
FUNCTION(name_far);
FUNCTION(call_far_away);
FUNCTION(string_to);
FUNCTION(null_ds);
FUNCTION(through_ss);
extern char string_to_none[], through_cs[], jump_cs[], jump_cs_at[];

static void describe(u32 i, u32 base, u32 limit, u32 access, u32 flags)
{
    gdt[i * 2] = (limit & 0xFFFF) | base << 16;
    gdt[i * 2 + 1] =
        (base >> 16 & 0xFF) | access << 8 | (limit & 0xF0000) | flags << 20 | (base & 0xFF000000);
}

enum {
    SMALL = 1, /* 16 bytes at data */
    DOWN,      /* from 8 to 64 KiB */
    DOWN_BIG,  /* from 64 KiB to the end */
    READ_ONLY,
    STACK, /* flat up to 0xC0FFFFFF */
    CODE,
    EXECUTE_ONLY,
    TLS, /* for ring 3, 4 GiB at the middle of user_data */
};

#define RING1_DATA 0xB2
#define RING1_READ 0xB0
#define RING1_DOWN 0xB6
#define RING1_CODE 0xBA
#define RING1_EXEC 0xB8
#define RING3_DATA 0xF2

static void make_gdt(void)
{
    u32 frames[1] = {virt_to_mfn(gdt)};

    describe(SMALL, (u32)data, 15, RING1_DATA, 4);
    if (xen == XEN_4_17) { /* older ones do not let a guest reach up to 4 GiB */
        describe(DOWN, (u32)data, 7, RING1_DOWN, 0);
        describe(DOWN_BIG, (u32)data, 0xF, RING1_DOWN, 0xC);
    }
    describe(READ_ONLY, (u32)data, 0xFFF, RING1_READ, 4);
    describe(STACK, 0, 0xC0FFF, RING1_DATA, 0xC);
    describe(CODE, 0, 0xC0FFF, RING1_CODE, 0xC);
    describe(EXECUTE_ONLY, (u32)data, 0xFFF, RING1_EXEC, 4);
    describe(TLS, (u32)user_data + 2048, 0xFFFFF, RING3_DATA, 0xC);
    remap_page(gdt, PTE_RO);
    CHECK("set_gdt", hypercall(NR_set_gdt, (u32)frames, 512, 0, 0, 0), 0);
}

static void fine(const char *name, void *function, u32 i, u32 expected)
{
    CHECK(name, try_call(function, SEL(i)), NO_TRAP);
    CHECK("  value", try_result, expected);
}

static void faults(const char *name, void *function, u32 i, const char *at, s32 vec)
{
    CHECK(name, try_call(function, SEL(i)), vec);
    CHECK("  eip", last_trap.eip, at);
    CHECK("  error code", last_trap.error, 0);
}
#define FAULTS(name, function, i) faults(name, function, i, function##_at, 13)

static void expand_up(void)
{
    data[0] = 0xDA7A0000;
    data[2] = 0xDA7A0002;
    data[3] = 0xDA7A0003;
    fine("first word", load_0, SMALL, 0xDA7A0000);
    fine("last word", load_12, SMALL, 0xDA7A0003);
    FAULTS("word over the end", load_13, SMALL);
    CHECK("last byte", try_call(load_byte_15, SEL(SMALL)), NO_TRAP);
    FAULTS("byte behind it", load_byte_16, SMALL);
    FAULTS("far behind it", load_far, SMALL);
    FAULTS("before it", load_end, SMALL);
    FAULTS("a call through it", call_far_away, SMALL);
    CHECK("lea is no access", try_call(name_far, SEL(SMALL)), NO_TRAP);
    FAULTS("a string to it", string_to, SMALL);
    CHECK("  ecx", last_trap.regs[6], 4);
    CHECK("  edi", last_trap.regs[0], 16);
    CHECK("  what fitted", data[3], 0xE5E5E5E5);
    CHECK("a string of nothing", try_call(string_to_none, SEL(SMALL)), NO_TRAP);
    CHECK("store", try_call(store_0, SEL(SMALL)), NO_TRAP);
    CHECK("  stored", data[0], 0x57);
}

static void expand_down(void)
{
    data[2] = 0xDA7A0002;
    FAULTS("expand-down: up to its limit", load_0, DOWN);
    fine("  above", load_8, DOWN, 0xDA7A0002);
    CHECK("  the last word of 64 KiB", try_call(load_last, SEL(DOWN)), NO_TRAP);
    FAULTS("  over 64 KiB", load_wrap, DOWN);
    FAULTS("  beyond", load_far, DOWN);
    FAULTS("big, up to its limit", load_0, DOWN_BIG);
    FAULTS("  the last word of 64 KiB", load_last, DOWN_BIG);
}

static void kinds(void)
{
    data[0] = 1;
    fine("read-only: load", load_0, READ_ONLY, 1);
    FAULTS("  store", store_0, READ_ONLY);
    FAULTS("  load and store", modify_0, READ_ONLY);
    CHECK("  unharmed", data[0], 1);
    CHECK("execute-only cannot be loaded", try_call(load_0, SEL(EXECUTE_ONLY)), 13);
    CHECK("  error code", last_trap.error, EXECUTE_ONLY * 8);
    CHECK("null DS", try_call(null_ds, 0), 13);
    CHECK("  eip", last_trap.eip, null_ds_at);
    faults("through SS", through_ss, STACK, through_ss_at, 12);
    CHECK("own CS", try_call(through_cs, SEL(CODE)), NO_TRAP);
    CHECK("  it was", try_result & 0xFFFF, SEL(CODE));
    faults("a jump beyond it", jump_cs, CODE, jump_cs_at, 13);
    CHECK("  cs", last_trap.cs, SEL(CODE));
}

#define USER(...) ((const u8[]){__VA_ARGS__}), sizeof((const u8[]){__VA_ARGS__})

/* mov gs, TLS; mov eax, gs:-4 */
static s32 tls(void)
{
    return run_user(USER(0xB8, USER_SEL(TLS), 0, 0, 0, 0x8E, 0xE8, 0x65, 0x8B, 0x05, 0xFC, 0xFF, 0xFF, 0xFF),
                    0);
}

/* The same with gs:0 first and last. */
static s32 tls_both(void)
{
    return run_user(USER(0xB8, USER_SEL(TLS), 0, 0, 0, 0x8E, 0xE8, 0x65, 0x8B, 0x1D, 0, 0, 0, 0, 0x65, 0x8B,
                         0x05, 0xFC, 0xFF, 0xFF, 0xFF, 0x65, 0x03, 0x05, 0, 0, 0, 0),
                    0);
}

static void segments_of_4gib(void)
{
    u32 native = xen < XEN_4_17;

    ((u32 *)user_data)[511] = 0x11;
    ((u32 *)user_data)[512] = 0x2200;
    hypercall(NR_vm_assist, 1, 0, 0, 0, 0);
    CHECK("gs:-4 without help", tls(), native ? 13 : 3);
    if (native)
        CHECK("  eip", last_trap.eip - (u32)user_code, 7);
    CHECK("vm_assist 4gb_segments", hypercall(NR_vm_assist, 0, 0, 0, 0, 0), 0);
    CHECK("gs:-4", tls(), 3);
    CHECK("  value", last_trap.regs[TRAP_EAX], 0x11);
    CHECK("gs:0, gs:-4, gs:0", tls_both(), 3);
    CHECK("  value", last_trap.regs[TRAP_EAX], 0x2211);
    CHECK("vm_assist 4gb_segments_notify", hypercall(NR_vm_assist, 0, 1, 0, 0, 0), 0);
    /* It has an error code, which the handlers here do not know of vector 15. */
    CHECK("gs:-4", tls(), native ? 15 : 3);
    if (native)
        CHECK("  error code, bytes", last_trap.eip, 7);
    hypercall(NR_vm_assist, 1, 0, 0, 0, 0);
    hypercall(NR_vm_assist, 1, 1, 0, 0, 0);
    asm volatile("mov %0, %%gs" : : "r"(KERNEL_DS));
}

void guest_main(void)
{
    install_traps();
    make_gdt();
    expand_up();
    if (xen == XEN_4_17)
        expand_down();
    kinds();
    segments_of_4gib();
    asm volatile("mov %0, %%fs" : : "r"(KERNEL_DS));
}

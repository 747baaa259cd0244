/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * smc - self-modifying code is seen at once, whichever way it is written, 2000
 * rounds each; and a page that is code and data in turns.
 */
#include "lib/paging.h"

#define ROUNDS 2000

static u8 code[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));
static u8 alias[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));

/* mov eax, imm32; ret. The operand is at 1. */
static void put_function(u8 *at, u32 value)
{
    at[0] = 0xB8;
    memcpy(at + 1, &value, 4);
    at[5] = 0xC3;
}

static u32 call(const u8 *at)
{
    u32 value;

    asm volatile("call *%1" : "=a"(value) : "r"(at) : "ecx", "edx", "memory", "cc");
    return value;
}

/* Writes at `to`, runs at `from`; how often an old value came back. */
static u32 rounds(u8 *to, const u8 *from)
{
    u32 i, stale = 0;

    for (i = 0; i < ROUNDS; i++) {
        put_function(to, i * 0x10001);
        stale += call(from) != i * 0x10001;
    }
    return stale;
}

/* Code that counts in its own page and changes the operand of its own next
 * instruction: mov [operand], ecx; inc dword [counter]; mov eax, OPERAND; ret. It
 * stores through `data`. */
static u32 same_page(u8 *to, const u8 *from, const u8 *data)
{
    u32 i, got, stale = 0, operand = (u32)data + 13, counter = (u32)data + 64;

    memset(to, 0, 128);
    to[0] = 0x89, to[1] = 0x0D;
    memcpy(to + 2, &operand, 4);
    to[6] = 0xFF, to[7] = 0x05; /* the instruction is 6 bytes long */
    memcpy(to + 8, &counter, 4);
    to[12] = 0xB8;
    to[17] = 0xC3;
    for (i = 0; i < ROUNDS; i++) {
        asm volatile("call *%1" : "=a"(got) : "r"(from), "c"(i * 0x10001) : "edx", "memory", "cc");
        stale += got != i * 0x10001;
    }
    memcpy(&counter, to + 64, 4);
    CHECK("  its counter", counter, ROUNDS);
    return stale;
}

/* Two functions in one page that are changed in turn, and data between them. */
static u32 data_beside(u8 *to, const u8 *from)
{
    u32 i, stale = 0;

    for (i = 0; i < ROUNDS; i++) {
        u32 which = i % 2 * 256;
        put_function(to + which, i);
        *(volatile u32 *)(to + 512) = i;
        stale += call(from + which) != i;
        stale += *(volatile u32 *)(from + 512) != i;
    }
    return stale;
}

/* A page that held code is data for a while, and the other way round; in between
 * the CPU's TLB is emptied, as by a kernel that switches address spaces. */
static u32 in_turns(void)
{
    u32 i, k, stale = 0;

    for (i = 0; i < 10; i++) {
        put_function(code, i);
        stale += call(code) != i;
        for (k = 0; k < 160; k++) {
            stale += map_page(alias, pte(virt_to_mfn(code), k & 1 ? PTE_RWX : PTE_RO)) != 0;
            (void)*(volatile u8 *)(alias + 512);
            *(volatile u32 *)(code + 512 + k % 64 * 4) = i * k;
            if (i > 7)
                stale += call(code) != i;
        }
        for (k = 160 - 64; k < 160; k++)
            stale += *(volatile u32 *)(code + 512 + k % 64 * 4) != i * k;
        stale += call(code) != i;
    }
    return stale;
}

/* As Linux maps a page of its code to change it. Not all Xens take NX. */
static s32 map_noexec(void)
{
#ifdef GUEST_PAE
    if (map_page(alias, pte(virt_to_mfn(code), PTE_RWX) | (u64)1 << 63) == 0)
        return 0;
#endif
    return map_page(alias, pte(virt_to_mfn(code), PTE_RWX));
}

void guest_main(void)
{
    CHECK("alias mapped", map_page(alias, pte(virt_to_mfn(code), PTE_RWX)), 0);
    CHECK("code in another page: stale", rounds(code, code), 0);
    CHECK("code and data in one page: stale", same_page(code, code, code), 0);
    CHECK("data beside code: stale", data_beside(code, code), 0);
    CHECK("written through an alias: stale", rounds(alias, code), 0);
    CHECK("written and run through an alias: stale", rounds(alias, alias), 0);
    CHECK("code and data in one page, both through an alias: stale", same_page(alias, alias, alias), 0);
    CHECK("data beside code, written through an alias: stale", data_beside(alias, code), 0);
    CHECK("code and data in turns: stale", in_turns(), 0);
    CHECK("alias mapped, without execution where there is NX", map_noexec(), 0);
    CHECK("written through such an alias: stale", rounds(alias, code), 0);
    CHECK("code and data in one page, stored through it: stale", same_page(code, code, alias), 0);
}
